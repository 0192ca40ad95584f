"""``python -m likelihood_greeks`` is the command ``likelihood-greeks``."""

from .cli import main

if __name__ == "__main__":
    main()
