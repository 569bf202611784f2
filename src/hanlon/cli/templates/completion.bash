# Completion of `python run.py` and `hanlon`: eval "$(hanlon completion bash)"

_hanlon_overrides() { # what stands before the cursor -> COMPREPLY
    local line="${COMP_LINE:0:COMP_POINT}"
    local word="${line##*[[:space:]]}"
    local IFS=$'\n'
    COMPREPLY=($("PYTHON" -m hanlon.config.completions "$line" 2>/dev/null))
    if [[ $word != [\"\']* ]]; then # bash puts a reply in place of what follows the last = or :
        local head="${word%"${word##*[=:]}"}"
        COMPREPLY=("${COMPREPLY[@]#"$head"}")
    fi
    compopt -o nospace
}

_hanlon_run_py() {
    local script
    for script in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $script == *run.py && -d ${script%run.py}conf ]] && { _hanlon_overrides; return; }
    done
}

_hanlon_verbs() {
    case "${COMP_WORDS[1]}" in
        run | power | preregister | prompts)
            [[ ${COMP_WORDS[COMP_CWORD]} != -* && $COMP_CWORD -gt 1 ]] && { _hanlon_overrides; return; } ;;
    esac
    _hanlon_completion "$@"
}

complete -o bashdefault -o default -F _hanlon_run_py python python3
complete -o nosort -F _hanlon_verbs hanlon
