"""PostgreSQL and Valkey for a machine that has neither: started, shared and stopped by us.

Nothing in here knows Django; `lease.hold` is the way in.
"""
