"""The explorer: one HTML page that holds the whole table and needs no server or internet."""
