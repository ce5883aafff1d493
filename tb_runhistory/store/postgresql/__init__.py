"""What PostgreSQL alone needs: connections, locks, and what its errors mean."""
