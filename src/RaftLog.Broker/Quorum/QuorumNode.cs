using RaftLog.Broker.Control;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Raft;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// The shell of the Raft core on one node, voter or observer: carries out its effects on the metadata log, the election state and the
/// network, and tells it what came of them. Everything here runs in one event loop; the active controller and the metadata loader live in
/// the same loop.
/// </summary>
internal sealed class QuorumNode : Storage.IFlushObserver
{
    private readonly EventLoop _loop;
    private readonly RaftCore _core;
    private readonly MetadataStore _store;
    private readonly MetadataLogWriter _writer;
    private readonly MetadataLoader _loader;
    private readonly QuorumPeers _peers;
    private readonly ActiveController? _controller;
    private readonly Action<LeaderAndEpoch> _leaderChanged;
    private readonly Supervisor _supervisor;
    private readonly List<RaftEffect> _effects = [];
    private readonly Dictionary<long, TaskCompletionSource<RaftReply?>> _callers = [];
    private readonly WaitingFetches _fetches;
    private long _nextCaller;
    private Offset _committed;
    private PersistedState? _toPersist;
    private bool _persisting;
    private (long RequestId, Memory<byte> Bytes) _inbound;
    private Wait? _farewell;
    private int _farewellsUnderWay;

    /// <summary>A node of the quorum that does not run yet.</summary>
    /// <param name="loop">The loop that everything here runs in.</param>
    /// <param name="core">What decides.</param>
    /// <param name="store">The metadata log, its snapshots and the election state.</param>
    /// <param name="writer">Who appends to the log.</param>
    /// <param name="loader">Who reads what is committed.</param>
    /// <param name="peers">The way to the other voters.</param>
    /// <param name="controller">The controller of this node; null on a node that does not vote.</param>
    /// <param name="leaderChanged">Told of every change of leader, in the loop.</param>
    /// <param name="supervisor">Who watches what runs beside the loop.</param>
    public QuorumNode(
        EventLoop loop,
        RaftCore core,
        MetadataStore store,
        MetadataLogWriter writer,
        MetadataLoader loader,
        QuorumPeers peers,
        ActiveController? controller,
        Action<LeaderAndEpoch> leaderChanged,
        Supervisor supervisor
    )
    {
        _loop = loop;
        _core = core;
        _store = store;
        _writer = writer;
        _loader = loader;
        _peers = peers;
        _controller = controller;
        _leaderChanged = leaderChanged;
        _supervisor = supervisor;
        _fetches = new WaitingFetches(core, store.Log);
    }

    private long NowMs => _loop.NowMs;

    /// <summary>
    /// Runs until the loop is stopped. Who waits then is told that the node is stopping: the write or the news that would have answered
    /// them comes into no loop any more, and a connection ends only when its requests have been answered.
    /// </summary>
    public async Task RunAsync()
    {
        await _loop.RunAsync(AfterInputs);
        foreach (TaskCompletionSource<RaftReply?> caller in _callers.Values)
        {
            caller.SetResult(null);
        }

        _callers.Clear();
        _fetches.End();
        _controller?.LeadershipLost();
    }

    /// <summary>The metadata log's flusher has flushed it.</summary>
    public void Flushed(IReadOnlyList<Storage.PartitionLog> logs) => _loop.Post(() => _core.LogFlushed(NowMs, _store.Log.FlushedTo));

    /// <summary>Responds to a vote; null when the node is stopping.</summary>
    public ValueTask<RaftReply?> VoteAsync(RaftVoteRequest request) => AskAsync(caller => _core.HandleVote(NowMs, caller, request));

    /// <summary>Responds to a new leader's announcement; null when the node is stopping.</summary>
    public ValueTask<RaftReply?> BeginEpochAsync(RaftBeginEpochRequest request) =>
        AskAsync(caller => _core.HandleBeginEpoch(NowMs, caller, request));

    /// <summary>Responds to a leader's resignation; null when the node is stopping.</summary>
    public ValueTask<RaftReply?> EndEpochAsync(RaftEndEpochRequest request) =>
        AskAsync(caller => _core.HandleEndEpoch(NowMs, caller, request));

    /// <summary>Responds to a replica's fetch, waiting for news as long as it allows; null when the node is stopping.</summary>
    public async ValueTask<FetchedMetadata?> FetchAsync(RaftFetchRequest request, int maxBytes, int maxWaitMs)
    {
        TaskCompletionSource<FetchedMetadata?> response = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool accepted = _loop.Post(() =>
        {
            FetchDecision first = _core.HandleFetch(NowMs, request);
            _fetches.Add(request, first, maxBytes, NowMs + maxWaitMs, response);
        });
        return accepted ? await response.Task : null;
    }

    /// <summary>Responds to a request for a piece of a snapshot.</summary>
    public Task<SnapshotPiece?> FetchSnapshotAsync(RaftFetchSnapshotRequest request, int maxBytes) =>
        _loop.CallAsync(() =>
        {
            RaftEpochReply reply = _core.HandleFetchSnapshot(NowMs, request);
            return reply.Error == ErrorCode.None
                ? _store.ReadSnapshot(request.Snapshot, request.Position, maxBytes, reply.Leader)
                : new SnapshotPiece(reply.Error, reply.Leader, 0, default);
        });

    /// <summary>The quorum as this node sees it; null when the node is stopping.</summary>
    public Task<QuorumStatus?> DescribeAsync() => _loop.CallAsync(() => _core.DescribeQuorum(NowMs));

    /// <summary>
    /// Gives up the leadership, if this node has it, and ends when the other voters have been told, so that they elect at once; at the
    /// latest when the wait is over. The connections to them must live until then.
    /// </summary>
    public async Task ResignAsync(Wait farewell)
    {
        bool accepted = _loop.Post(() =>
        {
            _core.Resign(NowMs);
            _farewell = farewell;
        });
        if (!accepted)
        {
            farewell.TryComplete(WaitOutcome.Ready);
        }

        await farewell.Outcome;
    }

    private long AfterInputs()
    {
        if (_core.NextDeadlineMs <= NowMs)
        {
            _core.Tick(NowMs);
        }

        _controller?.Tick();
        do
        {
            RunEffects();

            // Others hear of what is committed before this node acts on it: making partitions takes time, and clients ask any node.
            _fetches.ResponseDue(NowMs);
            ReadCommitted();
            TakeSnapshotWhenDue();
        } while (RunEffects() || _writer.MustReviewCommitted);
        if (_farewellsUnderWay == 0)
        {
            _farewell?.TryComplete(WaitOutcome.Ready);
        }

        return Math.Min(Math.Min(_core.NextDeadlineMs, _controller?.NextDeadlineMs ?? long.MaxValue), _fetches.NextDeadlineMs);
    }

    private void ReadCommitted()
    {
        if (_loader.Position < _committed)
        {
            _loader.Advance(_committed);
            _writer.ReviewCommitted();
        }

        if (_writer.TakeReview())
        {
            _controller?.Committed(_loader);
        }
    }

    private bool RunEffects()
    {
        bool any = false;
        while (true)
        {
            _effects.Clear();
            _core.DrainEffects(_effects);
            if (_effects.Count == 0)
            {
                return any;
            }

            any = true;
            foreach (RaftEffect effect in _effects)
            {
                Run(effect);
            }
        }
    }

    private void Run(RaftEffect effect)
    {
        switch (effect)
        {
            case RaftEffect.PersistElectionState persist:
                _toPersist = new PersistedState(persist.Token, persist.State);
                PersistNext();
                break;
            case RaftEffect.SendRequest send:
                _farewellsUnderWay += send.Request is RaftEndEpochRequest ? 1 : 0;
                _supervisor.Run($"quorum request to {send.To}", () => SendAsync(send));
                break;
            case RaftEffect.SendReply reply:
                if (_callers.Remove(reply.Caller, out TaskCompletionSource<RaftReply?>? caller))
                {
                    caller.SetResult(reply.Reply);
                }

                break;
            case RaftEffect.AppendLeaderChange change:
                _writer.Append(change);
                break;
            case RaftEffect.AppendFetched append:
                _writer.Append(append, _inbound.RequestId == append.RequestId ? _inbound.Bytes : default);
                break;
            case RaftEffect.TruncateLog truncate:
                _supervisor.Run("truncation of the metadata log", () => TruncateAsync(truncate));
                break;
            case RaftEffect.WriteSnapshotChunk chunk:
                _store.WriteSnapshotChunk(chunk.Snapshot, chunk.Position, _inbound.RequestId == chunk.RequestId ? _inbound.Bytes : default);
                break;
            case RaftEffect.InstallSnapshot install:
                _supervisor.Run("installation of a metadata snapshot", () => InstallAsync(install));
                break;
            case RaftEffect.LeaderChanged changed:
                _leaderChanged(changed.Leader);
                break;
            case RaftEffect.LeadershipGained gained:
                _controller?.LeadershipGained(gained.Epoch, gained.EpochStart);
                _writer.ReviewCommitted();
                break;
            case RaftEffect.LeadershipLost:
                _controller?.LeadershipLost();
                break;
            case RaftEffect.HighWatermarkAdvanced advanced:
                _store.Log.SetHighWatermark(advanced.HighWatermark);
                _committed = advanced.HighWatermark;
                break;
            case RaftEffect.WakeFetches:
                _fetches.Wake();
                break;
            default:
                throw new InvariantException("B-05", $"the Raft core asks for a {effect.GetType().Name}, which nobody carries out");
        }
    }

    private async Task TruncateAsync(RaftEffect.TruncateLog effect)
    {
        await _store.PrepareTruncationAsync(effect.EndOffset);
        _loop.Post(() =>
        {
            _store.Log.TruncateTo(effect.EndOffset);
            _core.LogTruncated(NowMs, effect.Token, _store.Log.EndOffset, _store.Log.FlushedTo);
        });
    }

    private async Task InstallAsync(RaftEffect.InstallSnapshot effect)
    {
        InstalledSnapshot? installed = await _store.CompleteSnapshotAsync(effect.Snapshot);
        await _store.PrepareReplacementAsync();
        _loop.Post(() =>
        {
            if (installed is null)
            {
                _core.SnapshotRejected(NowMs, effect.Token);
                return;
            }

            _store.ReplaceLog(effect.Snapshot);
            _loader.Load(installed.Records, new MetadataProvenance(effect.Snapshot.EndOffset - 1, effect.Snapshot.Epoch));
            _core.SnapshotInstalled(NowMs, effect.Token, effect.Snapshot);
        });
    }

    private async Task SendAsync(RaftEffect.SendRequest send)
    {
        PeerReply reply = await _peers.SendAsync(send.To, send.Request, request => _loop.CallAsync(() => _core.IsCurrent(request)));
        _loop.Post(() => Received(send, reply));
    }

    private void Received(RaftEffect.SendRequest send, PeerReply reply)
    {
        _farewellsUnderWay -= send.Request is RaftEndEpochRequest ? 1 : 0;
        if (reply.Bytes is { } bytes)
        {
            _inbound = (send.RequestId, bytes);
        }

        switch (reply.Reply)
        {
            case RaftVoteReply vote:
                _core.HandleVoteReply(NowMs, send.RequestId, vote);
                break;
            case RaftEpochReply epoch:
                _core.HandleEpochReply(NowMs, send.RequestId, epoch);
                break;
            case RaftFetchReply fetch:
                _core.HandleFetchReply(NowMs, send.RequestId, fetch);
                break;
            case RaftFetchSnapshotReply snapshot:
                _core.HandleFetchSnapshotReply(NowMs, send.RequestId, snapshot);
                break;
            default:
                _core.RequestFailed(NowMs, send.RequestId);
                break;
        }

        if (reply.IsGone)
        {
            _core.PeerGone(NowMs, send.To);
        }

        // The bytes belong to the input that has just ended.
        RunEffects();
        _inbound = default;
    }

    private void PersistNext()
    {
        if (_persisting || _toPersist is not { } next)
        {
            return;
        }

        _persisting = true;
        _toPersist = null;
        _supervisor.Run(
            "write of the election state",
            async () =>
            {
                await _store.WriteElectionStateAsync(next.State);
                _loop.Post(() =>
                {
                    _persisting = false;
                    _core.ElectionStatePersisted(NowMs, next.Token);
                    PersistNext();
                });
            }
        );
    }

    private void TakeSnapshotWhenDue()
    {
        if (!_store.IsSnapshotDue(_loader.Image.Provenance, _loader.InTransaction, NowMs))
        {
            return;
        }

        MetadataImage image = _loader.Image;
        _store.SnapshotStarted();
        _supervisor.Run(
            "metadata snapshot",
            async () =>
            {
                SnapshotId taken = await _store.WriteSnapshotAsync(image, _writer.WallClockMs);
                _loop.Post(() =>
                {
                    _store.SnapshotEnded(NowMs);
                    _core.SnapshotTaken(NowMs, taken);
                    if (_store.AdvanceLogStart() is { } start)
                    {
                        _core.LogStartAdvanced(NowMs, start);
                    }
                });
            }
        );
    }

    private async ValueTask<RaftReply?> AskAsync(Action<long> input)
    {
        TaskCompletionSource<RaftReply?> response = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool accepted = _loop.Post(() =>
        {
            long caller = _nextCaller++;
            _callers.Add(caller, response);
            input(caller);
        });
        return accepted ? await response.Task : null;
    }

    private readonly record struct PersistedState(long Token, ElectionState State);
}
