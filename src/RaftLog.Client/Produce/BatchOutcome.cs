namespace RaftLog.Client.Produce;

/// <summary>What became of a record that was handed to a queue.</summary>
internal enum BatchOutcome
{
    /// <summary>It stands in a batch that was open.</summary>
    Joined,

    /// <summary>It began a batch.</summary>
    Began,

    /// <summary>The queue takes no more records: its topic was made anew.</summary>
    Closed,
}
