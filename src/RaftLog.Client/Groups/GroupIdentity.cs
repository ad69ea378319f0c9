namespace RaftLog.Client.Groups;

/// <summary>Who a member is to its coordinator.</summary>
/// <param name="MemberId">The member's id, or empty.</param>
/// <param name="Generation">The generation, or the member epoch, that it belongs to, or -1.</param>
/// <param name="Life">How many times a member of a consumer group has been put out of it: what it read before belongs to others
/// since.</param>
internal readonly record struct GroupIdentity(string MemberId, int Generation, int Life = 0)
{
    public static GroupIdentity None => new("", -1);

    /// <summary>True while it belongs to a generation.</summary>
    public bool IsMember => Generation >= 0;
}
