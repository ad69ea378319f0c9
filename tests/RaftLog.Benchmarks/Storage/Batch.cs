using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;

namespace RaftLog.Benchmarks.Storage;

/// <summary>A record batch that is appended again and again: a log changes offset and epoch in place.</summary>
internal sealed class Batch
{
    /// <summary>The bytes before the part that no log changes.</summary>
    private const int Changed = 16;

    private readonly byte[] _bytes;
    private readonly byte[] _head;

    /// <summary>Makes one of so many bytes, in records of so many.</summary>
    public Batch(int bytes, int recordBytes)
    {
        using RecordBatchBuilder builder = new(new RecordBatchOptions(bytes, CompressionType.None));
        byte[] value = new byte[recordBytes];
        while (builder.TryAppend(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(), NullableBytes.Null, value))
        {
            Records++;
        }

        _bytes = builder.Seal().ToArray();
        _head = _bytes[..Changed];
    }

    /// <summary>How many records it has.</summary>
    public int Records { get; }

    /// <summary>The bytes as a producer sends them.</summary>
    public Memory<byte> Fresh()
    {
        _head.CopyTo(_bytes, 0);
        return _bytes;
    }
}
