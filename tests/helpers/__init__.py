"""What tests of several files share: factories, workplaces, servers, a browser, a cluster."""
