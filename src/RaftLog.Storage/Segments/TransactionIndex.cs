using System.Buffers.Binary;
using RaftLog.Platform;
using RaftLog.Protocol;

namespace RaftLog.Storage;

/// <summary>
/// The aborted transactions whose markers lie in one segment, in the order of their markers: Kafka's <c>.txnindex</c> (KIP-98). The file
/// exists from the first entry on. It can be rebuilt from the segment and the producer states at its start.
/// </summary>
internal sealed class TransactionIndex(IDisk disk, Func<string> path) : IDisposable
{
    public const int EntrySize = 34;

    private const int FirstCapacity = 8;

    private IDiskFile? _file = disk.OpenExisting(path());

    /// <summary>Written before <see cref="_count"/>, so that a reader without a lock finds every entry that it counts.</summary>
    private volatile AbortedTransaction[] _entries = [];

    private volatile int _count;

    public IDiskFile? File => _file;

    public ReadOnlySpan<AbortedTransaction> Entries
    {
        get
        {
            int count = _count;
            return _entries.AsSpan(0, count);
        }
    }

    /// <summary>Makes the file where it is absent and keeps it open: <see cref="Append"/> finds a descriptor then.</summary>
    public FileLease LeaseFile() => (_file ??= disk.OpenOrCreate(path())).Lease();

    /// <summary>Reads the fields of an entry.</summary>
    public static AbortedTransaction Read(ReadOnlySpan<byte> entry) =>
        new(
            new ProducerId(BinaryPrimitives.ReadInt64BigEndian(entry[2..])),
            new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[10..])),
            new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[18..])),
            new Offset(BinaryPrimitives.ReadInt64BigEndian(entry[26..]))
        );

    /// <summary>Reads the file; false when it cannot be what was written.</summary>
    public bool Load()
    {
        if (_file is null)
        {
            return true;
        }

        byte[] bytes = new byte[_file.Length];
        int length = _file.Read(0, bytes);
        var entries = new List<AbortedTransaction>();
        for (int at = 0; at + EntrySize <= length; at += EntrySize)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(at, EntrySize);
            AbortedTransaction transaction = Read(entry);
            if (BinaryPrimitives.ReadInt16BigEndian(entry) != 0 || transaction.LastOffset < transaction.FirstOffset)
            {
                return false;
            }

            entries.Add(transaction);
        }

        _entries = [.. entries];
        _count = entries.Count;
        return length % EntrySize == 0;
    }

    public void Append(AbortedTransaction transaction)
    {
        _file ??= disk.OpenOrCreate(path());
        Span<byte> entry = stackalloc byte[EntrySize];
        entry.Clear();
        BinaryPrimitives.WriteInt64BigEndian(entry[2..], transaction.ProducerId.Value);
        BinaryPrimitives.WriteInt64BigEndian(entry[10..], transaction.FirstOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(entry[18..], transaction.LastOffset.Value);
        BinaryPrimitives.WriteInt64BigEndian(entry[26..], transaction.LastStableOffset.Value);
        _file.Write((long)_count * EntrySize, entry);
        if (_count == _entries.Length)
        {
            var larger = new AbortedTransaction[Math.Max(FirstCapacity, _count * 2)];
            Entries.CopyTo(larger);
            _entries = larger;
        }

        _entries[_count] = transaction;
        _count++;
    }

    /// <summary>Drops the transactions whose markers lie at or above an offset.</summary>
    public void TruncateTo(Offset offset)
    {
        while (_count > 0 && _entries[_count - 1].LastOffset >= offset)
        {
            _count--;
        }

        if (_file is not null && _file.Length != (long)_count * EntrySize)
        {
            _file.SetLength((long)_count * EntrySize);
        }
    }

    public void Dispose() => _file?.Dispose();
}
