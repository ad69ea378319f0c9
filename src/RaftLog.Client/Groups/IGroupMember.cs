using RaftLog.Client.Connections;
using RaftLog.Protocol;

namespace RaftLog.Client.Groups;

/// <summary>
/// A consumer's membership in a group, by one of the two protocols. Signs of life go on in the background, whatever the reader does;
/// partitions come and go when the reader comes for more records, so that it never works on a partition that another member has got.
/// </summary>
internal interface IGroupMember
{
    /// <summary>Who it is to the coordinator now.</summary>
    GroupIdentity Identity { get; }

    /// <summary>True while it belongs to the group and is not on the way to another generation.</summary>
    bool IsSettled { get; }

    /// <summary>Subscribes to these topics from now on.</summary>
    void Subscribe(GroupTopics topics);

    /// <summary>What the reader does for the group each time it comes for records.</summary>
    /// <param name="sinceMs">
    /// Since when, on the client's clock, its work has made progress: now, or when the handler that has run longest began.
    /// </param>
    /// <exception cref="KafkaException">The group cannot be joined.</exception>
    ValueTask PollAsync(long sinceMs);

    /// <summary>Commits, gives everything up and leaves, so that the others need not wait for the session to end.</summary>
    ValueTask CloseAsync(CallDeadline deadline);

    /// <summary>Gives no more signs of life, and says nothing to the group.</summary>
    void Stop();
}
