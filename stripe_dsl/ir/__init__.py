"""The typed graph that the checker makes and the back ends read."""
