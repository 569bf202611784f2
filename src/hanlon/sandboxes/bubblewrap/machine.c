/* The static binary of a bubblewrap machine. As PID 1 it is the init: it runs command lines for the harness and
   goes off as docker-init does. Under any other id it is a program of the task, which asks the harness what to do.
   Nothing is linked, so that it starts in 0.2 ms and needs no library of the machine. Built by `make` beside it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/prctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define CONTROL 3
#define LONGEST (256 * 1024)

typedef long word;
static char **environment;
static char packet[LONGEST];

static word call(word n, word a, word b, word c, word d, word e) {
#ifdef __x86_64__
    word result;
    register word r10 __asm__("r10") = d;
    register word r8 __asm__("r8") = e;
    __asm__ volatile("syscall" : "=a"(result) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
    return result;
#else
    register word x8 __asm__("x8") = n;
    register word x0 __asm__("x0") = a;
    register word x1 __asm__("x1") = b;
    register word x2 __asm__("x2") = c;
    register word x3 __asm__("x3") = d;
    register word x4 __asm__("x4") = e;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
    return x0;
#endif
}
#define call1(n, a) call(SYS_##n, (word)(a), 0, 0, 0, 0)
#define call2(n, a, b) call(SYS_##n, (word)(a), (word)(b), 0, 0, 0)
#define call3(n, a, b, c) call(SYS_##n, (word)(a), (word)(b), (word)(c), 0, 0)
#define call4(n, a, b, c, d) call(SYS_##n, (word)(a), (word)(b), (word)(c), (word)(d), 0)
#define call5(n, a, b, c, d, e) call(SYS_##n, (word)(a), (word)(b), (word)(c), (word)(d), (word)(e))

static word fork_process(void) { return call5(clone, SIGCHLD, 0, 0, 0, 0); }
static word leave(int code) { for (;;) call1(exit_group, code); }

/* The abstract name "docker-init" in the machine's own network namespace. */
static word program_socket(int as_server) {
    static const char name[] = "\0docker-init";
    static struct sockaddr_un address = {.sun_family = AF_UNIX};
    for (unsigned i = 0; i < sizeof name - 1; i++) address.sun_path[i] = name[i];
    word length = sizeof address.sun_family + sizeof name - 1;
    word fd = call3(socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (!as_server) return call3(connect, fd, &address, length) < 0 ? -1 : fd;
    call3(bind, fd, &address, length);
    call2(listen, fd, 64);
    return fd;
}

/* Sends a letter and a number, and with them a descriptor if there is one. */
static void report(word fd, char letter, int number, int passed) {
    char text[5] = {letter};
    __builtin_memcpy(text + 1, &number, sizeof number);
    struct iovec part = {text, sizeof text};
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } rights = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        message.msg_control = rights.room;
        message.msg_controllen = sizeof rights.room;
        rights.head = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        *(int *)CMSG_DATA(&rights.head) = passed;
    }
    call3(sendmsg, fd, &message, MSG_NOSIGNAL);
}

/* A program: prints what it is sent, runs the script that it is told to run, and ends as it is told. */
static void program(void) {
    word fd = program_socket(0), length;
    if (fd < 0) leave(1);
    while ((length = call5(recvfrom, fd, packet, LONGEST - 1, 0, 0)) > 0) {
        packet[length] = 0;
        if (packet[0] == 'P') call3(write, 1, packet + 1, length - 1);
        if (packet[0] == 'E') leave((unsigned char)packet[1]);
        if (packet[0] != 'S') continue;
        int status = 0xff00;
        word child = fork_process();
        if (child == 0) {
            char *arguments[] = {packet + 1, 0};
            call1(chdir, "/home/user");
            word error = call3(execve, packet + 1, arguments, environment);
            leave(error == -2 ? 127 : 126); /* ENOENT */
        }
        if (child > 0) call4(wait4, child, &status, 0, 0);
        report(fd, 'D', status, -1);
    }
    leave(1);
}

static void limit(int resource, word most) {
    word values[2] = {most, most};
    call4(prlimit64, 0, resource, values, 0);
}

/* The command line in `packet`, as a login shell in a session of its own that writes to `output`. */
static word start_shell(int output) {
    word shell = fork_process();
    if (shell != 0) return shell;
    char *arguments[] = {"bash", "--login", "-c", packet, 0};
    unsigned long none = 0;
    call1(setsid, 0);
    call3(dup3, call4(openat, AT_FDCWD, "/dev/null", O_RDONLY, 0), 0, 0);
    call3(dup3, output, 1, 0);
    call3(dup3, output, 2, 0);
    call3(close_range, 3, ~0U, 0);
    call4(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
    call3(execve, "/bin/bash", arguments, environment);
    return leave(126);
}

/* As tini does it: faults and job control are not passed on; what is passed on ends `tail` if it is fatal. */
static int ends_the_machine(int signal) {
    return signal != SIGCHLD && signal != SIGCONT && signal != SIGURG && signal != SIGWINCH && signal != SIGTSTP;
}

static void init(void) {
    unsigned long passed_on = ~0UL;
    static const int kept[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, SIGTTIN, SIGTTOU};
    for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++) passed_on &= ~(1UL << (kept[i] - 1));
    call5(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0); /* nobody in the machine may look at the descriptors */
    call3(dup3, 0, CONTROL, O_CLOEXEC);
    call3(close_range, 0, 2, 0);
    call3(close_range, CONTROL + 1, ~0U, 0);
    for (int fd = 0; fd < 3; fd++) call4(openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
    limit(RLIMIT_NPROC, 256);
    limit(RLIMIT_AS, 1L << 30);
    limit(RLIMIT_FSIZE, 64L << 20);
    limit(RLIMIT_NOFILE, 1024);
    limit(RLIMIT_CPU, 60);
    limit(RLIMIT_CORE, 0);
    call4(rt_sigprocmask, SIG_BLOCK, &passed_on, 0, sizeof passed_on);
    word signals = call4(signalfd4, -1, &passed_on, sizeof passed_on, SFD_CLOEXEC), programs = program_socket(1);
    word shell = 0;
    report(CONTROL, 'R', 0, -1);
    struct pollfd ready[] = {{signals, POLLIN, 0}, {CONTROL, POLLIN, 0}, {programs, POLLIN, 0}};
    for (;;) {
        call5(ppoll, ready, 3, 0, 0, 0);
        if (ready[0].revents) {
            struct signalfd_siginfo signal;
            call3(read, signals, &signal, sizeof signal);
            if (ends_the_machine(signal.ssi_signo)) leave(128 + signal.ssi_signo);
            int status, of_shell = -1;
            for (word child; (child = call4(wait4, -1, &status, 1 /* WNOHANG */, 0)) > 0;)
                if (child == shell) of_shell = status, shell = 0;
            if (of_shell >= 0) report(CONTROL, call2(kill, -1, 0) ? 'X' : 'J', of_shell, -1);
        }
        if (ready[2].revents) {
            word peer = call4(accept4, programs, 0, 0, SOCK_CLOEXEC);
            report(CONTROL, 'C', 0, peer);
            call1(close, peer);
        }
        if (ready[1].revents) {
            union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } rights = {0};
            struct iovec part = {packet, LONGEST - 1};
            struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.room, .msg_controllen = sizeof rights.room};
            word length = call3(recvmsg, CONTROL, &message, MSG_CMSG_CLOEXEC);
            if (length <= 0) leave(0);
            packet[length] = 0;
            if (message.msg_controllen) {
                int output = *(int *)CMSG_DATA(&rights.head);
                shell = start_shell(output);
                if (shell < 0) report(CONTROL, 'X', 254 << 8, -1), shell = 0;
                call1(close, output);
            } else if (shell > 0) {
                call2(kill, -shell, packet[0]);
            }
        }
    }
}

__attribute__((used)) void begin(word *stack) {
    environment = (char **)(stack + stack[0] + 2);
    if (call1(getpid, 0) == 1) init();
    program();
}

#ifdef __x86_64__
__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall begin\n");
#else
__asm__(".globl _start\n_start: mov x0, sp\nbl begin\n");
#endif
