using RaftLog.Broker.Runtime;
using RaftLog.Coordination;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Compression;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;
using RaftLog.Storage;

namespace RaftLog.Broker.Coordination;

/// <summary>Replays the log of one partition of an internal topic into a coordinator state, with its progress in the node log.</summary>
internal sealed class CoordinatorLoader(LedPartition log, Waiters waiters, NodeLog nodeLog)
{
    private const int ReadBytes = 1024 * 1024;
    private const int MaxRecordsBytes = 256 * 1024 * 1024;
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    private byte[] _buffer = [];
    private Offset _next;
    private long _records;

    /// <summary>
    /// Replays everything from the log's start to its end. The records above the high watermark are part of it: they are this leader's now,
    /// and it answers for them when they are committed.
    /// </summary>
    /// <param name="state">An empty state.</param>
    /// <returns>The end of what was replayed; null when the leadership ended before.</returns>
    /// <exception cref="CoordinatorLoadException">The log cannot be read.</exception>
    public async ValueTask<Offset?> LoadAsync(ICoordinatorState state)
    {
        long startMs = waiters.NowMs;
        long reportAtMs = startMs + (long)ProgressInterval.TotalMilliseconds;
        _next = log.Log.StartOffset;
        while (log.TryGetCommitted(out _) == ErrorCode.None)
        {
            if (_next >= log.Log.EndOffset)
            {
                if (_records > 0)
                {
                    nodeLog.Info(
                        $"{log.Name}: loaded {_records} records up to offset {_next} in {waiters.NowMs - startMs} ms, leader epoch "
                            + $"{log.Epoch}"
                    );
                }

                return _next;
            }

            ReadSome(state);
            if (waiters.NowMs >= reportAtMs)
            {
                reportAtMs = waiters.NowMs + (long)ProgressInterval.TotalMilliseconds;
                nodeLog.Info($"{log.Name}: loading, {_records} records so far, offset {_next} of {log.Log.EndOffset}");
            }

            // A long log must not hold a thread for as long as it is.
            await Task.Yield();
        }

        return null;
    }

    private void ReadSome(ICoordinatorState state)
    {
        try
        {
            ReadResult found = log.Log.Read(Offset.Max(_next, log.Log.StartOffset), ReadBytes, log.Log.EndOffset, atLeastOneBatch: true);
            if (found.Error != ErrorCode.None)
            {
                throw Unreadable(found.Error.ToString(), null);
            }

            using LogSlice slice = found.Slice;
            if (_buffer.Length < slice.Length)
            {
                _buffer = new byte[Math.Max(slice.Length, Math.Min(ReadBytes, slice.Length * 2))];
            }

            Offset before = _next;
            ReadOnlySpan<byte> batches = _buffer.AsSpan(0, slice.Read(_buffer));
            using PooledByteWriter converted = new(int.MaxValue);
            if (LegacyConversion.IsNeeded(batches))
            {
                LegacyConversion.Convert(batches, MaxRecordsBytes, converted);
                batches = converted.Written;
            }

            foreach (RecordBatch batch in new RecordBatches(batches))
            {
                Replay(batch, state);
                _next = Offset.Max(_next, batch.NextOffset);
            }

            if (_next == before)
            {
                throw Unreadable("no whole batch is there", null);
            }
        }
        catch (Exception failure) when (failure is DiskException or ProtocolException)
        {
            throw Unreadable(failure.Message, failure);
        }
    }

    private void Replay(RecordBatch batch, ICoordinatorState state)
    {
        if (!batch.HasValidChecksum)
        {
            throw Unreadable("its checksum is wrong", null);
        }

        using RecordSection section = RecordSection.Open(batch, MaxRecordsBytes);
        ProducerStamp producer = batch.Attributes.IsTransactional ? batch.Producer : ProducerStamp.None;
        foreach (Record record in section)
        {
            if (record.Offset < _next)
            {
                continue;
            }

            if (!batch.Attributes.IsControl)
            {
                state.Replay(Copy(record), new RecordOrigin(record.Offset, producer));
                _records++;
            }
            else if (
                ControlRecordKey.TryRead(record.Key, out ControlRecordKey key)
                && key.Type is ControlRecordType.Commit or ControlRecordType.Abort
            )
            {
                state.ReplayMarker(batch.ProducerId, batch.ProducerEpoch, key.Type == ControlRecordType.Commit, record.Offset);
            }
        }
    }

    // The state may keep what it is given, and the buffer is read into again.
    private static CoordinatorRecord Copy(Record record)
    {
        byte[] bytes = new byte[record.Key.Length + record.Value.Length];
        record.Key.Span.CopyTo(bytes);
        record.Value.Span.CopyTo(bytes.AsSpan(record.Key.Length));
        ReadOnlyMemory<byte>? value = record.Value.IsNull ? default(ReadOnlyMemory<byte>?) : bytes.AsMemory(record.Key.Length);
        return new CoordinatorRecord(bytes.AsMemory(0, record.Key.Length), value);
    }

    private CoordinatorLoadException Unreadable(string reason, Exception? cause) =>
        new($"{log.Name} cannot be read at offset {_next} in {log.Log.Path}: {reason}", cause);
}

/// <summary>The log of an internal topic's partition cannot be read; the message says where and why.</summary>
internal sealed class CoordinatorLoadException(string message, Exception? cause) : Exception(message, cause);
