"""roles.py LIBRARY ROLE BOOTSTRAP ARGUMENT...: plays one of the roles that every client library plays (Roles/ClientRoles.cs).

produce TOPIC            sends each line of the input as a value, keyed by its number modulo 100, with idempotence
member GROUP TOPIC       reads committed records in a group, prints 'partition offset key value', commits what it has printed; SIGTERM ends it in order
transform ID FROM TO N   copies N records with transactions, of which every fifth is aborted and read again; prints a line a transaction
"""
import importlib
import signal
import sys

stopped = False


def stop(*_):
    global stopped
    stopped = True


def is_stopped():
    return stopped


def key_of(value):
    return b"k%d" % (int(value) % 100)


def show(partition, offset, key, value):
    print(partition, offset, key.decode(), value.decode())


def complain(error):
    print(repr(error), file=sys.stderr, flush=True)


def values():
    for line in sys.stdin.buffer:
        yield line.strip()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, stop)
    sys.modules["roles"] = sys.modules["__main__"]
    library, role = sys.argv[1:3]
    client = importlib.import_module("roles_" + library)
    getattr(client, role)(*sys.argv[3:])
