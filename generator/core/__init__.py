"""What everything stands on: definitions, records, the protocol, errors, files, processes. It imports no other room."""
