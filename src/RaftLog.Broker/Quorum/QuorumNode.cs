using RaftLog.Broker.Control;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Platform;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;
using RaftLog.Raft;
using RaftLog.Storage;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// The shell of the Raft core on one node, voter or observer: carries out its effects on the metadata log, the election state and the network, and
/// tells it what came of them. Everything here runs in one event loop; the active controller and the metadata loader live in the same loop.
/// </summary>
internal sealed class QuorumNode : IMetadataAppender
{
    private readonly EventLoop _loop;
    private readonly RaftCore _core;
    private readonly MetadataStore _store;
    private readonly MetadataLoader _loader;
    private readonly QuorumPeers _peers;
    private readonly Supervisor _supervisor;
    private readonly TimeProvider _time;
    private readonly List<RaftEffect> _effects = [];
    private readonly Dictionary<long, TaskCompletionSource<RaftReply?>> _callers = [];
    private readonly WaitingFetches _fetches;
    private long _nextCaller;
    private Offset _committed;
    private bool _reviewCommitted;
    private PersistedState? _toPersist;
    private bool _persisting;
    private (long RequestId, Memory<byte> Bytes) _inbound;
    private LeaderAndEpoch _leader;

    public QuorumNode(EventLoop loop, RaftCore core, MetadataStore store, MetadataLoader loader, QuorumPeers peers, Supervisor supervisor, TimeProvider time)
    {
        _loop = loop;
        _core = core;
        _store = store;
        _loader = loader;
        _peers = peers;
        _supervisor = supervisor;
        _time = time;
        _fetches = new WaitingFetches(core, store.Log);
        _leader = core.Leader;
    }

    /// <summary>The controller of this node; null on a node that does not vote.</summary>
    public ActiveController? Controller { get; set; }

    /// <summary>Told of every change of leader, in the loop.</summary>
    public Action<LeaderAndEpoch> LeaderChanged { get; set; } = _ => { };

    /// <inheritdoc />
    public Offset EndOffset => _store.Log.EndOffset;

    private long NowMs => _loop.NowMs;

    /// <summary>Runs until the loop is stopped.</summary>
    public Task RunAsync() => _loop.RunAsync(AfterInputs);

    /// <summary>The metadata log's flusher has flushed it. Called from anywhere.</summary>
    public void LogFlushed() => _loop.Post(() => _core.LogFlushed(NowMs, _store.Log.FlushedTo));

    /// <summary>Answers a vote; null when the node is stopping.</summary>
    public ValueTask<RaftReply?> VoteAsync(RaftVoteRequest request) => AskAsync(caller => _core.HandleVote(NowMs, caller, request));

    /// <summary>Answers a new leader's announcement; null when the node is stopping.</summary>
    public ValueTask<RaftReply?> BeginEpochAsync(RaftBeginEpochRequest request) => AskAsync(caller => _core.HandleBeginEpoch(NowMs, caller, request));

    /// <summary>Answers a leader's resignation; null when the node is stopping.</summary>
    public ValueTask<RaftReply?> EndEpochAsync(RaftEndEpochRequest request) => AskAsync(caller => _core.HandleEndEpoch(NowMs, caller, request));

    /// <summary>Answers a replica's fetch, waiting for news as long as it allows; null when the node is stopping.</summary>
    public async ValueTask<FetchedMetadata?> FetchAsync(RaftFetchRequest request, int maxBytes, int maxWaitMs)
    {
        TaskCompletionSource<FetchedMetadata?> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool accepted = _loop.Post(() =>
        {
            FetchAnswer first = _core.HandleFetch(NowMs, request);
            _fetches.Add(request, first, maxBytes, NowMs + maxWaitMs, answer);
        });
        return accepted ? await answer.Task : null;
    }

    /// <summary>Answers a request for a piece of a snapshot.</summary>
    public Task<SnapshotPiece?> FetchSnapshotAsync(RaftFetchSnapshotRequest request, int maxBytes) => _loop.CallAsync(() =>
    {
        RaftEpochReply reply = _core.HandleFetchSnapshot(NowMs, request);
        return reply.Error == ErrorCode.None
            ? _store.ReadSnapshot(request.Snapshot, request.Position, maxBytes, reply.Leader)
            : new SnapshotPiece(reply.Error, reply.Leader, 0, default);
    });

    /// <summary>The quorum as this node sees it; null when the node is stopping.</summary>
    public Task<QuorumDescription?> DescribeAsync() => _loop.CallAsync(() => _core.DescribeQuorum(NowMs));

    /// <summary>Gives up the leadership, if this node has it.</summary>
    public Task ResignAsync() => _loop.CallAsync(() =>
    {
        _core.Resign(NowMs);
        return true;
    });

    /// <inheritdoc />
    public Offset? TryAppend(IReadOnlyList<IMetadataRecord> records, MetadataVersion level)
    {
        AppendGrant grant = _core.PrepareAppend();
        if (grant.Error != ErrorCode.None)
        {
            return null;
        }

        AppendOwn(MetadataBatches.Records(records, level, WallClockMs()), grant.Epoch, grant.BaseOffset);
        return grant.BaseOffset;
    }

    /// <inheritdoc />
    public void ReviewCommitted() => _reviewCommitted = true;

    private long AfterInputs()
    {
        if (_core.NextDeadlineMs <= NowMs)
        {
            _core.Tick(NowMs);
        }

        Controller?.Tick();
        do
        {
            RunEffects();

            // Others hear of what is committed before this node acts on it: making partitions takes time, and clients ask any node.
            _fetches.AnswerDue(NowMs);
            ReadCommitted();
            TakeSnapshotWhenDue();
        }
        while (RunEffects() || _reviewCommitted);
        return Math.Min(Math.Min(_core.NextDeadlineMs, Controller?.NextDeadlineMs ?? long.MaxValue), _fetches.NextDeadlineMs);
    }

    private void ReadCommitted()
    {
        if (_loader.Position < _committed)
        {
            _loader.Advance(_committed);
            _reviewCommitted = true;
        }

        if (_reviewCommitted)
        {
            _reviewCommitted = false;
            Controller?.Committed(_loader);
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
                _supervisor.Run($"quorum request to {send.To}", () => SendAsync(send));
                break;
            case RaftEffect.SendReply reply:
                if (_callers.Remove(reply.Caller, out TaskCompletionSource<RaftReply?>? caller))
                {
                    caller.SetResult(reply.Reply);
                }

                break;
            case RaftEffect.AppendLeaderChange change:
                AppendOwn(MetadataBatches.LeaderChange(change, WallClockMs()), change.Epoch, change.BaseOffset);
                break;
            case RaftEffect.AppendFetched append:
                AppendFetched(append);
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
                _leader = changed.Leader;
                LeaderChanged(changed.Leader);
                break;
            case RaftEffect.LeadershipGained gained:
                Controller?.LeadershipGained(gained.Epoch, gained.EpochStart);
                _reviewCommitted = true;
                break;
            case RaftEffect.LeadershipLost:
                Controller?.LeadershipLost();
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

    private void AppendOwn(byte[] batch, LeaderEpoch epoch, Offset expected)
    {
        AppendResult result = _store.Log.AppendBuilt(batch, epoch, WallClockMs());
        Invariant.Holds(
            result.IsAccepted && result.BaseOffset == expected, "B-06", $"the metadata log took a batch at {result.BaseOffset} instead of {expected}: {result.Message}");
        _core.LogAppended(NowMs, _store.Log.EndOffset, epoch);
    }

    private void AppendFetched(RaftEffect.AppendFetched effect)
    {
        Memory<byte> bytes = _inbound.RequestId == effect.RequestId ? _inbound.Bytes : default;
        bool anySound = false;
        while (NextRun(bytes.Span, out int length, out LeaderEpoch epoch))
        {
            Offset before = _store.Log.EndOffset;
            AppendResult result = _store.Log.AppendAsFollower(bytes[..length], epoch, WallClockMs());
            if (!result.IsAccepted || _store.Log.EndOffset == before)
            {
                break;
            }

            anySound = true;
            _core.LogAppended(NowMs, _store.Log.EndOffset, epoch);
            bytes = bytes[length..];
        }

        _core.FetchedAppended(NowMs, effect.Token, anySound);
    }

    /// <summary>The batches of one epoch at the start of a buffer.</summary>
    private static bool NextRun(ReadOnlySpan<byte> bytes, out int length, out LeaderEpoch epoch)
    {
        RecordBatches batches = new(bytes);
        length = 0;
        epoch = LeaderEpoch.None;
        while (batches.MoveNext() && (length == 0 || batches.Current.PartitionLeaderEpoch == epoch))
        {
            epoch = batches.Current.PartitionLeaderEpoch;
            length += batches.Current.Size;
        }

        return length > 0;
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
        _supervisor.Run("write of the election state", async () =>
        {
            await _store.WriteElectionStateAsync(next.State);
            _loop.Post(() =>
            {
                _persisting = false;
                _core.ElectionStatePersisted(NowMs, next.Token);
                PersistNext();
            });
        });
    }

    private void TakeSnapshotWhenDue()
    {
        if (!_store.IsSnapshotDue(_loader.Image.Provenance, _loader.InTransaction, NowMs))
        {
            return;
        }

        MetadataImage image = _loader.Image;
        _store.SnapshotStarted();
        _supervisor.Run("metadata snapshot", async () =>
        {
            Raft.SnapshotId taken = await _store.WriteSnapshotAsync(image, WallClockMs());
            _loop.Post(() =>
            {
                _store.SnapshotEnded(NowMs);
                _core.SnapshotTaken(NowMs, taken);
                if (_store.AdvanceLogStart() is { } start)
                {
                    _core.LogStartAdvanced(NowMs, start);
                }
            });
        });
    }

    private async ValueTask<RaftReply?> AskAsync(Action<long> input)
    {
        TaskCompletionSource<RaftReply?> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        bool accepted = _loop.Post(() =>
        {
            long caller = _nextCaller++;
            _callers.Add(caller, answer);
            input(caller);
        });
        return accepted ? await answer.Task : null;
    }

    private long WallClockMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();

    private readonly record struct PersistedState(long Token, ElectionState State);
}
