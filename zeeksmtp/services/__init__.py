"""Services on the Internet that logs name: mail providers, address-echo services."""
