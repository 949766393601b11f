"""``stripec``: finds the command and loads its module alone, so that quick commands stay quick."""

from __future__ import annotations

import os
import sys
from importlib import import_module

COMMANDS = {
    "check": "report every mistake in a file",
    "compile": "turn tasks into Python packages",
    "map": "draw maps of a scene",
    "show": "draw a scene in 3D",
    "bake": "write a scene as USD, without a task",
    "train": "compile and train a task",
    "play": "run a trained policy",
    "tune": "measure the contacts and constraint rows a task needs",
    "fmt": "format files",
    "explain": "explain a diagnostic",
    "list": "list the compiled tasks",
    "convert": "turn .stripe into YAML and back",
    "schema": "print the JSON schema of the YAML form",
}
"""Commands with their one-line help; each is ``run`` in the module of its name."""


def main() -> None:
    """Runs the command that the arguments name.

    The exit status is 0, 1 for a mistake of the user's in a file or a setting, 2 for wrong usage, and 3 for a bug.
    """
    try:
        _run(sys.argv[1:])
    except BrokenPipeError:  # whoever read the output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("STRIPEC_TRACEBACK"):
            raise
        sys.stderr.write(
            f"stripec: this is a bug of stripec: {type(error).__name__}: {error} ({_place(error)})\n"
            "  help: STRIPEC_TRACEBACK=1 shows how it came about; please report it with the file\n"
        )
        sys.exit(3)


def _run(args: list[str]) -> None:
    if args[:1] == ["check"] and args[1:] and not any(arg.startswith("-") for arg in args):
        sys.exit(_check(args[1:]))
    import typer

    if args[:1] == ["--version"]:
        from importlib.metadata import version

        typer.echo(f"stripec {version('stripe-dsl')}")
        return
    wanted = [args[0]] if args and args[0] in COMMANDS else list(COMMANDS)
    if args and not args[0].startswith("-") and args[0] not in COMMANDS:
        from stripe_dsl.text import did_you_mean

        helps = did_you_mean(args[0], COMMANDS, listing=True)
        typer.echo(f"stripec: there is no command `{args[0]}`; {helps[0]}", err=True)
        sys.exit(2)
    app = typer.Typer(
        name="stripec",
        help="A declarative language for robot-learning environments on NVIDIA Isaac Lab.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    for name in wanted:
        module = import_module(f"stripe_dsl.cli.{name}_command")
        app.command(name, help=COMMANDS[name], **getattr(module, "OPTIONS", {}))(module.run)
    # with a single command typer would take its name for an argument
    app.callback()(lambda: None)
    app()


def _place(error: Exception) -> str:
    """Where an exception arose."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "nowhere"


def _check(files: list[str]) -> int:
    """``stripec check FILE …``, what editors and people call all the time.

    No option is there for Typer to read, and importing Typer takes as long as checking a file.
    """
    import gc
    from pathlib import Path

    gc.disable()  # a short run, whose objects live to its end
    from stripe_dsl.cli.report import check

    try:
        return check([Path(file) for file in files])
    except KeyboardInterrupt:
        return 130
