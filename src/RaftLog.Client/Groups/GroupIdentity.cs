namespace RaftLog.Client.Groups;

/// <summary>Who a member is to its coordinator.</summary>
/// <param name="MemberId">The id that the coordinator gave, or empty.</param>
/// <param name="Generation">The generation that it belongs to, or -1.</param>
internal readonly record struct GroupIdentity(string MemberId, int Generation)
{
    public static GroupIdentity None => new("", -1);

    /// <summary>True while it belongs to a generation.</summary>
    public bool IsMember => Generation >= 0;
}
