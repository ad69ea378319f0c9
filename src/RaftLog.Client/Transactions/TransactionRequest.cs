namespace RaftLog.Client.Transactions;

/// <summary>The requests of a transaction, whose error codes do not mean the same to a producer.</summary>
internal enum TransactionRequest
{
    /// <summary>InitProducerId.</summary>
    Init,

    /// <summary>AddPartitionsToTxn and AddOffsetsToTxn.</summary>
    Add,

    /// <summary>TxnOffsetCommit.</summary>
    CommitOffsets,

    /// <summary>Produce.</summary>
    Produce,

    /// <summary>EndTxn.</summary>
    End,
}
