"""Looking after a workspace: backups, what is wrong with it, and clearing up what nobody needs."""

from tunery.store.maintenance.backup import backup
from tunery.store.maintenance.checking import Fault, check
from tunery.store.maintenance.clearing import gc
from tunery.store.maintenance.restoring import restore

__all__ = ["Fault", "backup", "check", "gc", "restore"]
