using RaftLog.Protocol;

namespace RaftLog.Broker.Partitions;

/// <summary>How far each kind of reader may read one partition.</summary>
/// <param name="HighWatermark">What is committed.</param>
/// <param name="LastStableOffset">What is committed and decided.</param>
/// <param name="LogEnd">What is written.</param>
internal readonly record struct ReadableLimits(Offset HighWatermark, Offset LastStableOffset, Offset LogEnd)
{
    public Offset For(Audience audience) =>
        audience switch
        {
            Audience.Follower => LogEnd,
            Audience.Committed => LastStableOffset,
            _ => HighWatermark,
        };

    public bool HasUpdates(in DataInterest interest) => For(interest.Audience) > interest.Limit || interest.IsBehind(HighWatermark);
}
