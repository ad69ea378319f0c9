namespace RaftLog.Checking;

/// <summary>How a record is sent.</summary>
public enum SendFlavour
{
    /// <summary>With acks=all.</summary>
    Safe,

    /// <summary>With acks=1, as a control group that may lose records.</summary>
    Control,

    /// <summary>With acks=all and sequence numbers that leave a gap: it must be rejected.</summary>
    Gap,
}
