namespace RaftLog.Client.Transactions;

/// <summary>What an error means to a transaction.</summary>
internal enum TransactionVerdict
{
    /// <summary>There is no error.</summary>
    Done,

    /// <summary>The request is sent again.</summary>
    Retry,

    /// <summary>The transaction can only be aborted; then the producer goes on.</summary>
    Abort,

    /// <summary>The producer can only be closed.</summary>
    Fatal,
}
