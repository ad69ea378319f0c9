using RaftLog.Client.Connections;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;

namespace RaftLog.Client.Consume;

/// <summary>
/// The records of one partition, in order, for as long as this consumer has it: <see cref="Consumer.ConsumePartitionsAsync"/>. Read it
/// once, to its end. A record is done when the next one is asked for.
/// </summary>
public sealed class PartitionStream : IAsyncEnumerable<ConsumedRecord>
{
    private readonly ClientRuntime _runtime;
    private readonly AsyncSignal _changed;
    private readonly Lock _lock = new();
    private ConsumedRecord? _offered;
    private Wait _done;
    private bool _isTaken;
    private bool _isHandedOut;
    private bool _hasEnded;
    private Exception? _left;

    internal PartitionStream(ClientRuntime runtime, TopicPartition partition)
    {
        _runtime = runtime;
        _changed = new AsyncSignal(runtime.Waiters);
        Partition = partition;
    }

    /// <summary>The partition.</summary>
    public TopicPartition Partition { get; }

    /// <summary>Reads the records. It ends when the partition is another's, or the reading of all partitions ends.</summary>
    /// <param name="cancellationToken">Ends the reading of this partition, and with it, since its records would be lost from sight, that of
    /// all.</param>
    /// <exception cref="InvalidOperationException">The stream is read already.</exception>
    public async IAsyncEnumerator<ConsumedRecord> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        if (_isTaken)
        {
            throw new InvalidOperationException($"the stream of {Partition} is read already");
        }

        _isTaken = true;
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(
            static self => ((PartitionStream)self!)._changed.Set(),
            this
        );
        bool isAtEnd = false;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                if (!TryTake(out ConsumedRecord? record, out isAtEnd))
                {
                    if (isAtEnd || await _changed.WaitAsync() == WaitOutcome.Closed)
                    {
                        isAtEnd = true;
                        yield break;
                    }

                    continue;
                }

                yield return record;
                Finish();
            }
        }
        finally
        {
            if (!isAtEnd)
            {
                Leave(cancellationToken);
            }
        }
    }

    /// <summary>Offers a record, and waits until its reader asks for the next one.</summary>
    /// <param name="record">The record.</param>
    /// <param name="abandoned">Cancelled when nobody waits for the record any more: then the stream ends.</param>
    /// <exception cref="OperationCanceledException">The stream has ended before the record was done.</exception>
    /// <exception cref="InvalidOperationException">Its reader has left before the stream's end.</exception>
    internal async ValueTask OfferAsync(ConsumedRecord record, CancellationToken abandoned)
    {
        Wait done;
        lock (_lock)
        {
            ThrowIfLeft();
            done = _done = _runtime.Waiters.Rent(Timeout.InfiniteTimeSpan);
            _offered = record;
        }

        _changed.Set();
        using (abandoned.UnsafeRegister(static self => ((PartitionStream)self!).End(), this))
        {
            await done.Outcome;
        }

        lock (_lock)
        {
            ThrowIfLeft();
            if (_offered is not null)
            {
                throw new OperationCanceledException($"the stream of {Partition} has ended", abandoned);
            }
        }
    }

    /// <summary>Nothing more comes.</summary>
    internal void End()
    {
        lock (_lock)
        {
            _hasEnded = true;
            _done.TryComplete(WaitOutcome.Closed);
        }

        _changed.Set();
    }

    /// <summary>Nothing more comes, unless its reader is at a record: then once that one is done.</summary>
    internal void EndIfIdle()
    {
        bool isIdle;
        lock (_lock)
        {
            isIdle = !_isHandedOut;
        }

        if (isIdle)
        {
            End();
        }
    }

    private bool TryTake([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ConsumedRecord? record, out bool isAtEnd)
    {
        lock (_lock)
        {
            isAtEnd = _hasEnded;
            record = _hasEnded ? null : _offered;
            _isHandedOut = record is not null;
            return _isHandedOut;
        }
    }

    private void Finish()
    {
        lock (_lock)
        {
            if (!_hasEnded)
            {
                _offered = null;
                _isHandedOut = false;
                _done.TryComplete(WaitOutcome.Ready);
            }
        }
    }

    private void Leave(CancellationToken cancel)
    {
        lock (_lock)
        {
            _left = cancel.IsCancellationRequested
                ? new OperationCanceledException($"the reading of {Partition} was cancelled", cancel)
                : new InvalidOperationException(
                    $"the reader of {Partition} has left its stream before the end; read each stream to its end, or cancel "
                        + "ConsumePartitionsAsync"
                );
            _done.TryComplete(WaitOutcome.Closed);
        }
    }

    private void ThrowIfLeft()
    {
        if (_left is { } reason && !_hasEnded)
        {
            throw reason;
        }
    }
}
