using System.Diagnostics.CodeAnalysis;
using RaftLog.Client.Connections;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Transactions;

/// <summary>
/// Takes a transactional producer through its transactions: lets records in while one is open, adds partitions before their batches leave,
/// and ends it once nothing of it is under way. What may happen when is decided by <see cref="TransactionState"/>.
/// </summary>
internal sealed class TransactionFlow(string transactionalId, ClientRuntime runtime, TransactionCalls calls)
{
    private readonly Lock _lock = new();
    private readonly TransactionState _state = new(transactionalId);
    private readonly List<Wait> _idle = [];
    private int _busy;
    private bool _sealed;
    private bool _adding;

    /// <summary>The transactional id.</summary>
    public string TransactionalId => transactionalId;

    /// <summary>What the sender does when something has changed.</summary>
    public event Action Changed = static () => { };

    /// <summary>Producer id and epoch now.</summary>
    public ProducerStamp Stamp => Locked(static state => state.Stamp);

    /// <summary>True with KIP-890.</summary>
    public bool IsV2 => Locked(static state => state.IsV2);

    /// <summary>True while a transaction has begun and not ended.</summary>
    public bool IsUnderWay =>
        Locked(static state =>
            state.Stage is TransactionStage.Open or TransactionStage.MustAbort or TransactionStage.Committing or TransactionStage.Aborting
        );

    /// <summary>True when a commit has begun and not ended.</summary>
    public bool IsCommitting => Locked(static state => state.Stage == TransactionStage.Committing);

    /// <summary>True while records that have not left will not any more.</summary>
    public bool Rejects => Locked(static state => state.Rejects);

    /// <summary>
    /// Takes out records that have not left, where they will not any more: of a transaction that has failed or ended. No other can begin
    /// meanwhile, so that none of its records are among them.
    /// </summary>
    /// <param name="take">Takes them out, and tells nobody yet.</param>
    /// <returns>Why they do not leave; null while they may, and nothing was taken.</returns>
    public KafkaException? TryReject(Action take)
    {
        lock (_lock)
        {
            if (!_state.Rejects)
            {
                return null;
            }

            take();
            return _state.Failure
                ?? new KafkaException(
                    ErrorCode.TransactionAbortable,
                    $"producer '{transactionalId}': the transaction was aborted before the record was sent"
                );
        }
    }

    /// <summary>Gets an id, or ends what a failed commit or abort has left, so that a transaction can begin.</summary>
    /// <param name="flushAsync">Waits for all that is under way, as far as it is not rejected.</param>
    /// <param name="deadline">Until when.</param>
    public async ValueTask InitAsync(Func<ValueTask> flushAsync, CallDeadline deadline)
    {
        bool commits;
        lock (_lock)
        {
            Check(TransactionAction.Init);
            if (_state.Stage == TransactionStage.Ready)
            {
                return;
            }

            commits = _state.Stage == TransactionStage.Committing;
            if (_state.Stage == TransactionStage.Uninitialized)
            {
                _state.BeginInit();
            }
        }

        if (Locked(static state => state.Stage) != TransactionStage.Initializing)
        {
            await (commits ? CommitAsync(flushAsync, deadline) : AbortAsync(flushAsync, deadline));
            return;
        }

        try
        {
            ProducerStamp stamp = await calls.InitAsync(ProducerStamp.None, deadline);
            bool isV2 =
                await calls.TryIsV2Async(deadline)
                ?? throw new KafkaException(
                    ErrorCode.NetworkException,
                    $"producer '{transactionalId}': the connection to the coordinator has ended; call InitTransactionsAsync again"
                );
            lock (_lock)
            {
                _state.Initialized(stamp, isV2);
            }
        }
        catch (KafkaException e)
        {
            Failed(e);
            throw;
        }
        finally
        {
            lock (_lock)
            {
                _state.InitFailed();
            }
        }
    }

    /// <summary>Opens a transaction.</summary>
    /// <returns>Its number.</returns>
    public long Begin()
    {
        lock (_lock)
        {
            Check(TransactionAction.Begin);
            _state.Begin();
            _sealed = false;
            return _state.Number;
        }
    }

    /// <summary>Why a record cannot be handed over now, or null and the number of the transaction that it belongs to.</summary>
    public KafkaException? WhyNotWrite(out long number)
    {
        lock (_lock)
        {
            number = _state.Number;
            return _state.WhyNot(TransactionAction.Write);
        }
    }

    /// <summary>
    /// Holds the end of a transaction up until <see cref="Leave"/>; false when it has ended, failed or is about to be sealed.
    /// </summary>
    public bool TryEnter(long number, [NotNullWhen(false)] out KafkaException? reason)
    {
        lock (_lock)
        {
            reason = null;
            if (_state.Number == number && !_sealed && _state.Stage is TransactionStage.Open or TransactionStage.Committing)
            {
                _busy++;
                return true;
            }

            reason =
                _state.Failure
                ?? new KafkaException(
                    ErrorCode.InvalidTxnState,
                    $"producer '{transactionalId}': the transaction ended before the record was handed over"
                );
            return false;
        }
    }

    public void Leave()
    {
        lock (_lock)
        {
            if (--_busy > 0)
            {
                return;
            }

            _idle.ForEach(static wait => wait.TryComplete(WaitOutcome.Ready));
            _idle.Clear();
        }
    }

    /// <summary>The numbering of a partition may have a hole.</summary>
    public void RequireEpoch()
    {
        lock (_lock)
        {
            _state.RequireEpoch();
        }
    }

    /// <summary>
    /// True when a batch for a partition may leave now. Else <see cref="Changed"/> follows once it may, or will not any more.
    /// </summary>
    public bool TryUse(TopicPartition partition)
    {
        lock (_lock)
        {
            if (_state.TryUse(partition))
            {
                return true;
            }

            if (_state.Missing.Count > 0 && !_adding)
            {
                _adding = true;
                _busy++;
                runtime.Supervisor.Run("add partitions", AddAsync);
            }

            return false;
        }
    }

    /// <summary>Records of the transaction were given up.</summary>
    /// <param name="failure">Why.</param>
    /// <param name="mayBeAppended">True when they may stand in a log all the same.</param>
    public void RecordsFailed(KafkaException failure, bool mayBeAppended)
    {
        lock (_lock)
        {
            if (mayBeAppended)
            {
                _state.RequireEpoch();
            }

            bool isFatal = TransactionErrors.Verdict(TransactionRequest.Produce, failure.Code) == TransactionVerdict.Fatal;
            _state.Failed(
                isFatal ? TransactionVerdict.Fatal : TransactionVerdict.Abort,
                new KafkaException(
                    failure.Code,
                    $"producer '{transactionalId}': {(isFatal ? "close this producer" : "abort the transaction")}, for records of it "
                        + $"have failed: {failure.Message}"
                )
                {
                    IsFatal = isFatal,
                    NeedsAbort = !isFatal,
                }
            );
        }
    }

    /// <summary>
    /// Commits offsets of a group as part of the transaction. When it fails, in whatever way, the transaction must be aborted.
    /// </summary>
    public async ValueTask SendOffsetsAsync(
        long number,
        ConsumerGroupMetadata group,
        IReadOnlyDictionary<TopicPartition, Offset> offsets,
        CallDeadline deadline
    )
    {
        ProducerStamp stamp;
        bool isV2;
        lock (_lock)
        {
            CheckIsCurrent(number);
            Check(TransactionAction.Write);
            if (offsets.Count == 0)
            {
                return;
            }

            _busy++;
            (stamp, isV2) = (_state.Stamp, _state.IsV2);
            _state.Started();
        }

        bool isDone = false;
        KafkaException? failure = null;
        try
        {
            if (!isV2)
            {
                await calls.AddOffsetsAsync(stamp, group.GroupId, deadline);
            }

            await calls.CommitOffsetsAsync(stamp, isV2, group, offsets, deadline);
            isDone = true;
        }
        catch (KafkaException e)
        {
            failure =
                e.IsFatal || e.NeedsAbort ? e : new KafkaException(e.Code, $"{e.Message}; abort the transaction") { NeedsAbort = true };
            throw failure;
        }
        finally
        {
            if (!isDone)
            {
                Failed(
                    failure
                        ?? new KafkaException(
                            ErrorCode.TransactionAbortable,
                            $"producer '{transactionalId}': offsets of group '{group.GroupId}' were given up; abort the transaction"
                        )
                        {
                            NeedsAbort = true,
                        }
                );
            }

            Leave();
        }
    }

    /// <summary>Commits once everything that was handed over is acknowledged.</summary>
    public async ValueTask CommitAsync(Func<ValueTask> flushAsync, CallDeadline deadline)
    {
        lock (_lock)
        {
            Check(TransactionAction.Commit);
            _state.BeginCommit();
        }

        // Whoever was let in before comes through; nobody does after the seal, and so nothing is left behind the second flush.
        await flushAsync();
        lock (_lock)
        {
            _sealed = true;
        }

        await IdleAsync(deadline);
        await flushAsync();
        await IdleAsync(deadline);
        await EndAsync(commits: true, deadline);
    }

    /// <summary>Aborts; what has not been sent is rejected.</summary>
    public async ValueTask AbortAsync(Func<ValueTask> flushAsync, CallDeadline deadline)
    {
        lock (_lock)
        {
            Check(TransactionAction.Abort);
            _state.BeginAbort();
        }

        Changed();
        await IdleAsync(deadline);
        await flushAsync();
        await EndAsync(commits: false, deadline);
    }

    /// <summary>Throws unless a transaction is the one that is open.</summary>
    public void EnsureCurrent(long number)
    {
        lock (_lock)
        {
            CheckIsCurrent(number);
        }
    }

    /// <summary>True when a transaction has begun and not ended.</summary>
    public bool IsCurrent(long number) => IsUnderWay && Locked(static state => state.Number) == number;

    private async ValueTask EndAsync(bool commits, CallDeadline deadline)
    {
        ProducerStamp stamp;
        bool isV2;
        bool isStarted;
        lock (_lock)
        {
            Check(commits ? TransactionAction.Commit : TransactionAction.Abort);
            (stamp, isV2, isStarted) = (_state.Stamp, _state.IsV2, _state.IsStarted);
        }

        try
        {
            ProducerStamp? next = isStarted ? await calls.EndAsync(stamp, isV2, commits, deadline) : null;
            if (next is null && Locked(static state => state.NeedsEpoch))
            {
                next = await calls.InitAsync(stamp, deadline);
            }

            isV2 = await calls.TryIsV2Async(deadline) ?? isV2;
            lock (_lock)
            {
                _state.Ended(next, isV2);
            }
        }
        catch (KafkaException e)
        {
            Failed(e);
            throw;
        }
    }

    private async Task AddAsync()
    {
        while (true)
        {
            List<TopicPartition> partitions;
            ProducerStamp stamp;
            lock (_lock)
            {
                partitions = [.. _state.Missing];
                stamp = _state.Stamp;
                if (partitions.Count == 0 || _state.Stage is not (TransactionStage.Open or TransactionStage.Committing))
                {
                    _adding = false;
                    break;
                }

                _state.Started();
            }

            try
            {
                await calls.AddAsync(stamp, partitions, new CallDeadline(runtime.Waiters, runtime.Options.RequestTimeout));
                lock (_lock)
                {
                    _state.Added(partitions);
                }
            }
            catch (KafkaException e)
            {
                // Where nobody answers it goes on: the records have their own deadline.
                Failed(e);
            }

            Changed();
        }

        Leave();
    }

    private void Failed(KafkaException e)
    {
        lock (_lock)
        {
            _state.Failed(
                e.IsFatal ? TransactionVerdict.Fatal
                    : e.NeedsAbort ? TransactionVerdict.Abort
                    : TransactionVerdict.Retry,
                e
            );
        }

        Changed();
    }

    private async ValueTask IdleAsync(CallDeadline deadline)
    {
        Wait idle;
        lock (_lock)
        {
            if (_busy == 0)
            {
                return;
            }

            idle = runtime.Waiters.Rent(deadline.Remaining);
            _idle.Add(idle);
        }

        if (await deadline.OutcomeAsync(idle) != WaitOutcome.Ready)
        {
            throw new KafkaException(
                ErrorCode.RequestTimedOut,
                $"producer '{transactionalId}': the transaction did not end within {deadline.Timeout.TotalMilliseconds} ms"
            );
        }
    }

    private void Check(TransactionAction action)
    {
        if (_state.WhyNot(action) is { } reason)
        {
            throw reason;
        }
    }

    private void CheckIsCurrent(long number)
    {
        if (_state.Number != number || _state.Stage is TransactionStage.Ready or TransactionStage.Uninitialized)
        {
            throw new KafkaException(ErrorCode.InvalidTxnState, $"producer '{transactionalId}': this transaction has ended");
        }
    }

    private T Locked<T>(Func<TransactionState, T> read)
    {
        lock (_lock)
        {
            return read(_state);
        }
    }
}
