namespace RaftLog.Checking;

/// <summary>What is true of a topic.</summary>
/// <param name="Exists">Whether it is there.</param>
/// <param name="Partitions">How many partitions it has; 0 when it is not there.</param>
/// <param name="Setting">Its configuration value; 0 when none was set.</param>
public readonly record struct TopicState(bool Exists, int Partitions, long Setting)
{
    /// <inheritdoc />
    public override string ToString() => Exists ? $"{Partitions} partitions, setting {Setting}" : "absent";
}
