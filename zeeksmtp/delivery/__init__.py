"""What carries a finished report away: mail, a file, a command. One file each, with a constant `CARRIER`."""

from zeeksmtp.delivery._parcel import Carrier, Parcel, carry, configured

__all__ = ["Carrier", "Parcel", "carry", "configured"]
