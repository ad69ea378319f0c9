namespace RaftLog.Client.Hosting;

/// <summary>The headers that a record gets in retry and dead-letter topics, beside its own. All values are UTF-8 text.</summary>
public static class FailureHeaders
{
    /// <summary>What the last attempt threw: the exception's type.</summary>
    public const string ErrorType = "raftlog-error-type";

    /// <summary>What it said.</summary>
    public const string ErrorMessage = "raftlog-error-message";

    /// <summary>The topic that the record was first read from.</summary>
    public const string OriginalTopic = "raftlog-original-topic";

    /// <summary>Its partition there.</summary>
    public const string OriginalPartition = "raftlog-original-partition";

    /// <summary>Its offset there.</summary>
    public const string OriginalOffset = "raftlog-original-offset";

    /// <summary>The group whose handler failed.</summary>
    public const string Group = "raftlog-group";

    /// <summary>How often a handler has been called for it so far.</summary>
    public const string Attempts = "raftlog-attempts";

    /// <summary>Milliseconds since 1970 before which it is not tried again.</summary>
    public const string NotBefore = "raftlog-not-before";
}
