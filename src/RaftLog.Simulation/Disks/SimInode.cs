namespace RaftLog.Simulation;

/// <summary>A file's content: as a reader sees it, as it is on the medium, and the operations between the two.</summary>
internal sealed class SimInode
{
    private const int SectorSize = 512;

    private readonly List<PendingOperation> _pending = [];
    private readonly SimBytes _durable = new();
    private readonly List<Damage> _damage = [];
    private long _operations;

    internal SimBytes Current { get; } = new();

    /// <summary>The content that survives a loss of power.</summary>
    internal SimBytes Durable => _durable;

    /// <summary>The number of the last operation.</summary>
    internal long Operations => _operations;

    /// <summary>Bytes that are written and not on the medium.</summary>
    internal long PendingBytes => _pending.Sum(each => each.Bytes?.Length ?? 0);

    /// <summary>Places where reading gives back something else than was written, or nothing.</summary>
    internal bool IsDamaged => _damage.Count > 0;

    /// <summary>There was such a place once: what was made of the content may still tell of it.</summary>
    internal bool WasDamaged { get; private set; }

    /// <summary>The medium is damaged in one place.</summary>
    internal void Corrupt(Damage damage)
    {
        _damage.Add(damage);
        WasDamaged = true;
    }

    /// <summary>The medium is as it should be again.</summary>
    internal void Mend() => _damage.Clear();

    /// <summary>The damage that lies in a range, if any.</summary>
    internal Damage? DamageIn(long position, int length) => _damage.Find(each => each.Touches(position, length));

    internal void Write(long position, ReadOnlySpan<byte> source)
    {
        int length = source.Length;
        _damage.RemoveAll(each => each.Touches(position, length));
        Current.Write(position, source);
        _pending.Add(new PendingOperation(++_operations, position, source.ToArray()));
    }

    internal void SetLength(long length)
    {
        _damage.RemoveAll(each => each.Position + each.Length > length);
        Current.SetLength(length);
        _pending.Add(new PendingOperation(++_operations, length, null));
    }

    /// <summary>Brings the operations up to one to the medium.</summary>
    internal void MakeDurable(long upTo)
    {
        int count = 0;
        while (count < _pending.Count && _pending[count].Number <= upTo)
        {
            _pending[count].ApplyTo(_durable);
            count++;
        }

        _pending.RemoveRange(0, count);
    }

    /// <summary>
    /// A flush has failed: the system has marked the pages clean all the same, so that readers still see bytes that the medium may never
    /// hold and that no later flush brings there. Some sectors of them may have reached it.
    /// </summary>
    internal void LosePages(SimRandom random)
    {
        KeepSectors(random);
        _pending.Clear();
    }

    /// <summary>The system forgets clean pages: a reader sees what the medium holds, and what is still to be written.</summary>
    internal void DropCache()
    {
        Current.CopyFrom(_durable);
        foreach (PendingOperation each in _pending)
        {
            each.ApplyTo(Current);
        }
    }

    /// <summary>Power is lost: of what was not flushed the medium keeps what chance has brought there, sector by sector.</summary>
    internal void Crash(SimRandom random)
    {
        switch (random.Next(4))
        {
            case 0:
                break;
            case 1:
                KeepFirst(random.Next(_pending.Count + 1), random);
                break;
            case 2:
                KeepFirst(_pending.Count, random);
                break;
            default:
                KeepSectors(random);
                break;
        }

        _pending.Clear();
        Current.CopyFrom(_durable);
    }

    private void KeepFirst(int count, SimRandom random)
    {
        for (int i = 0; i < count; i++)
        {
            _pending[i].ApplyTo(_durable);
        }

        if (count < _pending.Count && _pending[count] is { Bytes.Length: > 0 } torn)
        {
            _durable.Write(torn.Position, torn.Bytes.AsSpan(0, random.Next(torn.Bytes.Length)));
        }
    }

    private void KeepSectors(SimRandom random)
    {
        double share = random.NextUnit();
        foreach (PendingOperation each in _pending)
        {
            if (each.Bytes is not { } bytes)
            {
                if (random.Chance(share))
                {
                    each.ApplyTo(_durable);
                }

                continue;
            }

            for (int at = 0; at < bytes.Length; )
            {
                int part = Math.Min(bytes.Length - at, SectorSize - (int)((each.Position + at) % SectorSize));
                if (random.Chance(share))
                {
                    _durable.Write(each.Position + at, bytes.AsSpan(at, part));
                }

                at += part;
            }
        }
    }

    /// <summary>A write, or where <paramref name="Bytes"/> is null a new length.</summary>
    private readonly record struct PendingOperation(long Number, long Position, byte[]? Bytes)
    {
        internal void ApplyTo(SimBytes image)
        {
            if (Bytes is null)
            {
                image.SetLength(Position);
            }
            else
            {
                image.Write(Position, Bytes);
            }
        }
    }
}
