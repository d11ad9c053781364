"""How long a case may take, by law and by promise; what is raised when it takes longer."""
