"""Who labels a stored transcript: `llm` asks a model by rubrics, `regex` goes by rules. Both are inquiries."""
