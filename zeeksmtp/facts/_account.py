"""Normal form of account names: `Alice`, `alice@corp.example`, `CORP\\alice`."""

import polars as pl


def normal_account(user: pl.Expr, host_name: pl.Expr) -> pl.Expr:
    """Return the normal form of an account name: lower case, without `DOMAIN\\`, and without the server's own domain.

    A domain is the server's own if the name in its greeting is that domain or lies below it.
    """
    bare = user.str.to_lowercase().str.replace(r"^[^\\@]*\\", "")
    domain = bare.str.extract(r"@([^@]+)$")
    own = ("." + host_name).str.ends_with("." + domain).fill_null(value=False)
    return pl.when(own).then(bare.str.replace(r"@[^@]*$", "")).otherwise(bare)
