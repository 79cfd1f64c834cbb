"""Draw the made-up town of Riverbend, stage by stage, from one seed."""
