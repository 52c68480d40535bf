"""Who runs it all: owns every long-lived asyncio task."""
