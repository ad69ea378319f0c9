using RaftLog.Client.Connections;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume.Parallel;

/// <summary>
/// Turns the handling of single records into a stream for each partition: the handler of a record ends when the stream's reader asks for
/// the next one. So streams are drained, committed and taken away as handlers are.
/// </summary>
/// <param name="runtime">Waits.</param>
/// <param name="cancel">Ends streams whose reader is at no record, so that nobody waits for them.</param>
internal sealed class PartitionStreams(ClientRuntime runtime, CancellationToken cancel)
{
    private readonly AsyncSignal _changed = new(runtime.Waiters);
    private readonly Lock _lock = new();
    private readonly Queue<PartitionStream> _begun = new();
    private readonly Dictionary<TopicPartition, (PartitionStream Stream, CancellationToken Until)> _streams = [];
    private bool _hasEnded;

    /// <summary>The handler of a record.</summary>
    public ValueTask HandleAsync(ConsumedRecord record, CancellationToken abandoned) =>
        Of(record.Partition, abandoned).OfferAsync(record, abandoned);

    /// <summary>The next stream that begins; null when none will.</summary>
    public async ValueTask<PartitionStream?> NextAsync()
    {
        while (true)
        {
            lock (_lock)
            {
                if (_begun.TryDequeue(out PartitionStream? stream))
                {
                    return stream;
                }

                if (_hasEnded)
                {
                    return null;
                }
            }

            if (await _changed.WaitAsync() == WaitOutcome.Closed)
            {
                return null;
            }
        }
    }

    /// <summary>All streams end.</summary>
    public void End()
    {
        lock (_lock)
        {
            _hasEnded = true;
            foreach ((PartitionStream stream, _) in _streams.Values)
            {
                stream.End();
            }
        }

        _changed.Set();
    }

    /// <summary>The stream of a partition. One that was taken away and came back has another token, and another stream.</summary>
    private PartitionStream Of(TopicPartition partition, CancellationToken until)
    {
        PartitionStream stream;
        lock (_lock)
        {
            if (_streams.TryGetValue(partition, out (PartitionStream Stream, CancellationToken Until) known) && known.Until == until)
            {
                return known.Stream;
            }

            stream = new PartitionStream(runtime, partition);
            _streams[partition] = (stream, until);
            _begun.Enqueue(stream);
        }

        // It ends with the token also while no record of it is offered.
        until.UnsafeRegister(static self => ((PartitionStream)self!).End(), stream);
        cancel.UnsafeRegister(static self => ((PartitionStream)self!).EndIfIdle(), stream);
        _changed.Set();
        return stream;
    }
}
