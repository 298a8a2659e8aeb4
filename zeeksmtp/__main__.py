"""Makes `python -m zeeksmtp` the same as `zeeksmtp`."""

from zeeksmtp.cli.app import main

if __name__ == "__main__":
    main()
