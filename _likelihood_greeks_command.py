"""The command ``likelihood-greeks``: outside the package, so that Ctrl-C while that is imported ends in a line."""

import sys


def main() -> None:
    """Run the command line; exit code 130 if it is stopped before it has begun."""
    try:
        from likelihood_greeks import cli
    except KeyboardInterrupt:
        print("stopped before anything was read", file=sys.stderr)
        sys.exit(130)
    cli.main()
