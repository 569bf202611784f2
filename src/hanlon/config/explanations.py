"""Hydra's errors, worded for the person at the terminal: what was wrong, where, what would be right."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, cast

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import QuotedString
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, MissingMandatoryValue, OmegaConfBaseException
from yaml import MarkedYAMLError

from hanlon.config.errors import argument_position
from hanlon.config.hints import chosen_envs, hint
from hanlon.config.search_path import search_path
from hanlon.config.vocabulary import vocabulary
from hanlon.store.problems import nearest


def explain_error(error: Exception, loader: ConfigLoaderImpl, arguments: Sequence[str]) -> str | None:
    """What is wrong with the configuration, if it is that which an exception is about; None for any other."""
    if isinstance(error, (HydraException, OmegaConfBaseException, MarkedYAMLError)):
        return _explain_hydra(error, loader, arguments)
    return _odd_group_value(loader, arguments) if isinstance(error, (TypeError, ValueError)) else None


def _explain_hydra(error: Exception, loader: ConfigLoaderImpl, arguments: Sequence[str]) -> str:
    """What a Hydra or OmegaConf error means for the person who typed the command."""
    for cause in _chain(error):
        if isinstance(cause, MissingConfigException):
            return _missing_option(cause, loader, arguments)
        if isinstance(cause, OverrideParseException):
            return _unreadable_override(cause, arguments)
        if isinstance(cause, MarkedYAMLError):
            return _unreadable_file(cause)
        if isinstance(cause, (MissingMandatoryValue, InterpolationToMissingValueError)):
            return _missing_value(cause, arguments)
    texts = [_first_line(cause) for cause in _chain(error)]
    key = re.search(r"Could not override '([^']+)'", " ".join(texts))
    if key:
        return _unknown_key(key[1], loader, arguments)
    return ": ".join(dict.fromkeys(text for text in texts if text))


def _chain(error: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    while error is not None:
        chain.append(error)
        error = error.__cause__
    return chain


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0]


def _missing_option(error: MissingConfigException, loader: ConfigLoaderImpl, arguments: Sequence[str]) -> str:
    group, _, option = (error.missing_cfg_file or "").rpartition("/")
    if not group:
        return _first_line(error)
    options = loader.repository.get_group_options(group, ObjectType.CONFIG)
    if group.startswith("prompt/"):
        return _missing_level(group.removeprefix("prompt/"), option, loader, arguments)
    root, _, sub = group.partition("/")
    if sub and not options:
        option, sub = f"{sub}/{option}", ""
        options = loader.repository.get_group_options(root, ObjectType.CONFIG)
    if argument_position(group, arguments):  # a group in the folder of another, such as hydra/launcher
        root, sub = group, ""
    prefix = f"{sub}/" if sub else ""
    listed = [prefix + name for name in options if name != "base"]
    inside = [] if sub or root == "prompt" else _inside_folders(root, loader)
    near = hint(_typed(root, prefix + option, arguments), arguments) or nearest(prefix + option, listed)
    folders = sorted({f"{name.partition('/')[0]}/..." for name in inside})
    return (
        f"{root}={prefix}{option} is not an option of group '{root}'{argument_position(root, arguments)}."
        f"{near} Options: {', '.join([*listed, *folders])}"
    )


def _typed(key: str, value: str, arguments: Sequence[str]) -> str:
    """The argument that sets a key, which may have more values than the one that is wrong."""
    return next((word for word in arguments if word.partition("=")[0] == key), f"{key}={value}")


def _inside_folders(root: str, loader: ConfigLoaderImpl) -> list[str]:
    """The options in the folders of a group, as `three/pro`."""
    repository = loader.repository
    return [
        f"{folder}/{name}"
        for folder in repository.get_group_options(root, ObjectType.GROUP)
        for name in repository.get_group_options(f"{root}/{folder}", ObjectType.CONFIG)
    ]


def _missing_level(env: str, level: str, loader: ConfigLoaderImpl, arguments: Sequence[str]) -> str:
    """A prompt level that says nothing about the chosen environment."""
    env, _, rest = env.partition("/")
    level = f"{rest}/{level}" if rest else level
    groups = loader.repository.get_group_options("prompt", ObjectType.GROUP)
    elsewhere = [
        other
        for other in groups
        if level in loader.repository.get_group_options(f"prompt/{other}", ObjectType.CONFIG)
    ]
    only = f" (it sets {', '.join(elsewhere)} only)" if elsewhere else ""
    levels = loader.repository.get_group_options(f"prompt/{env}", ObjectType.CONFIG)
    near = hint(_typed("prompt", level, arguments), arguments)
    return (
        f"prompt={level}{argument_position('prompt', arguments)} says nothing about env={env}{only}.{near} "
        f"Levels for {env}: {', '.join(levels)}"
    )


def _odd_group_value(loader: ConfigLoaderImpl, arguments: Sequence[str]) -> str | None:
    """That a group was given null, a number or a truth value, where Hydra wants the name of an option."""
    groups = set(loader.repository.get_group_options("", ObjectType.GROUP))
    words = [word for word in arguments if "=" in word and not word.startswith("-")]
    for override in OverridesParser.create().parse_overrides(words):
        group, value = override.key_or_group, override.value()
        choices: list[Any] = value if isinstance(value, list) else [value]
        if group in groups and not all(isinstance(choice, (str, QuotedString)) for choice in choices):
            options = loader.repository.get_group_options(group, ObjectType.CONFIG)
            position = argument_position(group, arguments)
            leave_out = f" To leave it out: {group}=none." if "none" in options else ""
            return (
                f"{override.input_line} names no option of group '{group}'{position}.{leave_out} "
                f"Options: {', '.join(name for name in options if name != 'base')}"
            )
    return None


def _unreadable_file(error: MarkedYAMLError) -> str:
    """A YAML file that cannot be read, and where in it."""
    mark = error.problem_mark
    name = "a YAML file" if mark is None else str(mark.name)
    line = "" if mark is None else f", line {mark.line + 1}"
    return f"{name}{line} is not YAML: {error.problem or error.context}. Indent with spaces, never with tabs."


def _unreadable_override(error: OverrideParseException, arguments: Sequence[str]) -> str:
    where = next(
        (f" (command line, argument {n})" for n, a in enumerate(arguments, 1) if a == error.override), ""
    )
    if near := hint(error.override or "", arguments):
        return f"{error.override} is no override{where}.{near} An override is key=value, without blanks."
    return (
        f"{error.override}: not a readable override{where}: {_first_line(error)}. An override is key=value; a "
        "value that holds = , ( ) or letters outside ASCII needs quotes: 'key=\"value\"'"
    )


def _missing_value(error: OmegaConfBaseException, arguments: Sequence[str]) -> str:
    referred = re.search(r"interpolation.*Missing mandatory value: (\S+)", str(error))
    key = referred[1] if referred else str(error.full_key or "").strip() or _first_line(error)
    typed = next((word for word in arguments if word.startswith("model=")), "")
    if key.startswith("model.") and typed not in ("", "model=endpoint"):
        envs = [None, *chosen_envs(search_path(), arguments)]
        named = [f"{name.key}={name.value}" for name in vocabulary(search_path()) if name.env in envs]
        example = next((name for name in named if name.startswith(f"{typed}/")), f"{typed}/<name>")
        return f"{typed} is no model by itself: name one behind it, as in {example}"
    return f"{key} has no value: give it as {key}=<value>"


def _unknown_key(key: str, loader: ConfigLoaderImpl, arguments: Sequence[str]) -> str:
    groups = loader.repository.get_group_options("", ObjectType.GROUP)
    choices = [a for a in arguments if a.split("=", 1)[0] in groups and "," not in a]
    try:
        config = loader.load_configuration(
            "config", choices, RunMode.MULTIRUN, validate_sweep_overrides=False
        )
    except (HydraException, OmegaConfBaseException):
        config = loader.load_configuration("config", [], RunMode.MULTIRUN)
    keys = list(_keys(config))
    parent = key.rpartition(".")[0]
    siblings = [k for k in keys if k.rpartition(".")[0] == parent]
    typed = next((word for word in arguments if word.lstrip("+~").partition("=")[0] == key), key)
    near = hint(typed, arguments) or nearest(key, siblings)
    listed = f" Keys: {', '.join(siblings)}." if siblings else ""
    swept = [a for a in arguments if "." in key and a.split("=", 1)[0] == key.split(".")[0] and "," in a]
    staged = (
        f" If only some options of {swept[0]} have this key, give it as '{key}=choice(<value>)'."
        if swept
        else ""
    )
    return (
        f"{key} is not a key of this configuration{argument_position(key, arguments)}.{near}{listed}{staged}"
    )


def _keys(config: DictConfig, prefix: str = "") -> Iterable[str]:
    for name in map(str, config):
        path = f"{prefix}{name}"
        if path == "hydra":
            continue
        yield path
        if OmegaConf.is_missing(config, name) or OmegaConf.is_interpolation(config, name):
            continue
        node = config[name]
        if OmegaConf.is_dict(node):
            yield from _keys(cast(DictConfig, node), f"{path}.")
