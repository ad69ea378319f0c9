using RaftLog.Broker.Control;
using RaftLog.Broker.Runtime;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;
using RaftLog.Protocol.Wire;
using RaftLog.Raft;
using RaftLog.Storage;

namespace RaftLog.Broker.Quorum;

/// <summary>
/// Appends to the metadata log and tells the Raft core what it holds then: the controller's records, a leader's first record, what was
/// fetched from the leader. Used in the quorum's event loop.
/// </summary>
internal sealed class MetadataLogWriter(EventLoop loop, RaftCore core, PartitionLog log, MetadataLoader loader, TimeProvider time)
    : IMetadataAppender
{
    private bool _reviewCommitted;

    /// <inheritdoc />
    public Offset EndOffset => log.EndOffset;

    /// <summary>True when somebody has asked for a look at what is committed.</summary>
    public bool MustReviewCommitted => _reviewCommitted;

    /// <summary>The time that batches are stamped with: milliseconds since 1970.</summary>
    public long WallClockMs => time.GetUtcNow().ToUnixTimeMilliseconds();

    private long NowMs => loop.NowMs;

    /// <inheritdoc />
    public DecidedAppend Append(DecidedMetadata batch)
    {
        AppendGrant grant = core.PrepareAppend();
        if (grant.Error != ErrorCode.None)
        {
            return new DecidedAppend(grant.Error, Offset.None, Offset.None);
        }

        AppendOwn(MetadataBatches.Records(batch.Records, batch.Level, WallClockMs), grant.Epoch, grant.BaseOffset);
        return new DecidedAppend(ErrorCode.None, grant.BaseOffset, grant.BaseOffset + batch.Records.Count);
    }

    /// <inheritdoc />
    public ErrorCode TryGetCommitted(out Offset committed)
    {
        // What is committed counts when this node has read it: a response must not tell more than the node's own images show.
        committed = loader.Position;
        return core.Role is LeaderRole ? ErrorCode.None : ErrorCode.NotController;
    }

    /// <summary>Appends the first record of this node's leadership.</summary>
    public void Append(RaftEffect.AppendLeaderChange change) =>
        AppendOwn(MetadataBatches.LeaderChange(change, WallClockMs), change.Epoch, change.BaseOffset);

    /// <summary>Appends what was fetched from the leader, as far as it is sound.</summary>
    /// <param name="effect">What the core asks for.</param>
    /// <param name="bytes">The batches that came with the response.</param>
    public void Append(RaftEffect.AppendFetched effect, Memory<byte> bytes)
    {
        bool anySound = false;
        while (NextRun(bytes.Span, out int length, out LeaderEpoch epoch))
        {
            Offset before = log.EndOffset;
            AppendResult result = log.AppendAsFollower(bytes[..length], epoch, WallClockMs);
            if (!result.IsAccepted || log.EndOffset == before)
            {
                break;
            }

            anySound = true;
            core.LogAppended(NowMs, log.EndOffset, epoch);
            bytes = bytes[length..];
        }

        core.FetchedAppended(NowMs, effect.Token, anySound);
    }

    /// <inheritdoc />
    public void ReviewCommitted() => _reviewCommitted = true;

    /// <summary>True when somebody has asked for a look at what is committed since the last call.</summary>
    public bool TakeReview()
    {
        bool asked = _reviewCommitted;
        _reviewCommitted = false;
        return asked;
    }

    private void AppendOwn(byte[] batch, LeaderEpoch epoch, Offset expected)
    {
        AppendResult result = log.AppendBuilt(batch, epoch, WallClockMs);
        Invariant.Holds(
            result.IsAccepted && result.BaseOffset == expected,
            "B-06",
            $"the metadata log took a batch at {result.BaseOffset} instead of {expected}: {result.Message}"
        );
        core.LogAppended(NowMs, log.EndOffset, epoch);
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
}
