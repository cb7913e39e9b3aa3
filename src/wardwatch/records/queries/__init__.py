"""What is read from the database: frozen values, one module for each noun."""
