"""How what happened reaches whoever may hear it: audiences, the hub of this process, the bus between processes."""
