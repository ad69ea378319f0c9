namespace RaftLog.Checking;

/// <summary>What is done to a topic.</summary>
public enum MetadataAction
{
    /// <summary>Creates it: only when it is not there.</summary>
    Create,

    /// <summary>Deletes it: only when it is there.</summary>
    Delete,

    /// <summary>Gives it more partitions: only when it has fewer.</summary>
    Grow,

    /// <summary>Sets a configuration value.</summary>
    Set,

    /// <summary>Asks one node what it believes, which may be old.</summary>
    View,

    /// <summary>Reads what is true: after all has healed and every node agrees.</summary>
    Read,
}
