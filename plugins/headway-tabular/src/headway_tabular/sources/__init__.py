"""Where rows come from: files, folders, object stores and databases → lazy frames."""
