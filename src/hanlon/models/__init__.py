"""Who answers: the client for every endpoint, and the local servers."""
