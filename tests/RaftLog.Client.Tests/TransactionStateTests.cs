using RaftLog.Client.Transactions;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Client.Tests;

public class TransactionStateTests
{
    private static readonly ProducerStamp First = new(new ProducerId(7), new ProducerEpoch(0), ProducerStamp.NoSequence);
    private static readonly ProducerStamp Second = new(new ProducerId(7), new ProducerEpoch(1), ProducerStamp.NoSequence);
    private static readonly TopicPartition Partition = new("t", 0);

    /// <summary>What is possible where: a row a stage, a column an action in the order of <see cref="TransactionAction"/>.</summary>
    [Theory]
    [InlineData("Uninitialized", "10000")]
    [InlineData("Initializing", "00000")]
    [InlineData("Ready", "11000")]
    [InlineData("Open", "00111")]
    [InlineData("MustAbort", "10001")]
    [InlineData("Committing", "10010")]
    [InlineData("Aborting", "10001")]
    [InlineData("Fatal", "00000")]
    public void Each_stage_lets_through_what_is_possible_in_it_and_says_why_not(string stage, string possible)
    {
        TransactionState state = In(Enum.Parse<TransactionStage>(stage));
        Assert.Equal(stage, state.Stage.ToString());

        Assert.Equal(
            possible,
            string.Concat(Enum.GetValues<TransactionAction>().Select(action => state.WhyNot(action) is null ? '1' : '0'))
        );
        Assert.All(
            Enum.GetValues<TransactionAction>().Select(state.WhyNot).OfType<KafkaException>(),
            reason => Assert.Contains(reason.IsFatal || reason.NeedsAbort ? "it failed" : "producer 'tx'", reason.Message)
        );
    }

    [Fact]
    public void In_V1_a_partition_is_missing_until_it_was_added_and_again_in_the_next_transaction()
    {
        TransactionState state = Opened(isV2: false);

        Assert.False(state.TryUse(Partition));
        Assert.Equal([Partition], state.Missing);
        state.Added([Partition]);
        Assert.Empty(state.Missing);
        Assert.True(state.TryUse(Partition));

        state.BeginCommit();
        Assert.True(state.TryUse(Partition));
        state.Ended(null, isV2: false);
        state.Begin();
        Assert.False(state.TryUse(Partition));
    }

    [Fact]
    public void In_V2_a_batch_leaves_at_once_and_starts_the_transaction()
    {
        TransactionState state = Opened(isV2: true);
        Assert.False(state.IsStarted);

        Assert.True(state.TryUse(Partition));

        Assert.True(state.IsStarted);
        Assert.Empty(state.Missing);
    }

    [Theory]
    [InlineData("Ready")]
    [InlineData("MustAbort")]
    [InlineData("Aborting")]
    [InlineData("Fatal")]
    public void Nothing_leaves_where_no_transaction_can_be_committed(string stage)
    {
        TransactionState state = In(Enum.Parse<TransactionStage>(stage));

        Assert.False(state.TryUse(Partition));
        Assert.Empty(state.Missing);
    }

    [Fact]
    public void A_failure_needs_the_next_epoch_and_an_abort_gives_it()
    {
        TransactionState state = Opened(isV2: false);
        state.Failed(TransactionVerdict.Abort, Abortable);
        Assert.True(state.NeedsEpoch);
        Assert.Same(Abortable, state.WhyNot(TransactionAction.Commit));

        state.BeginAbort();
        state.Ended(Second, isV2: false);

        Assert.Equal((TransactionStage.Ready, Second, false), (state.Stage, state.Stamp, state.NeedsEpoch));
        Assert.Null(state.Failure);
    }

    [Fact]
    public void An_end_without_a_new_epoch_keeps_the_one_there_is()
    {
        TransactionState state = Opened(isV2: false);
        state.BeginCommit();
        state.Ended(null, isV2: true);

        Assert.Equal((First, true), (state.Stamp, state.IsV2));
    }

    [Fact]
    public void The_first_failure_counts_and_only_a_fatal_one_comes_over_it()
    {
        TransactionState state = Opened(isV2: true);
        state.Failed(TransactionVerdict.Retry, Fatal);
        Assert.Equal(TransactionStage.Open, state.Stage);
        state.Failed(TransactionVerdict.Abort, Abortable);
        state.Failed(TransactionVerdict.Abort, new KafkaException(ErrorCode.TransactionAbortable, "another"));
        Assert.Same(Abortable, state.Failure);

        state.Failed(TransactionVerdict.Fatal, Fatal);
        state.Failed(TransactionVerdict.Abort, Abortable);

        Assert.Equal(TransactionStage.Fatal, state.Stage);
        Assert.Same(Fatal, state.WhyNot(TransactionAction.Abort));
    }

    [Fact]
    public void A_failure_while_aborting_goes_on_aborting()
    {
        TransactionState state = In(TransactionStage.Aborting);

        state.Failed(TransactionVerdict.Abort, Abortable);

        Assert.Equal(TransactionStage.Aborting, state.Stage);
    }

    [Fact]
    public void Each_transaction_has_a_number_of_its_own()
    {
        TransactionState state = Opened(isV2: true);
        long first = state.Number;
        state.BeginCommit();
        state.Ended(null, isV2: true);
        state.Begin();

        Assert.Equal(first + 1, state.Number);
    }

    [Theory]
    [InlineData(ErrorCode.InvalidProducerEpoch, "FFFAF")]
    [InlineData(ErrorCode.ProducerFenced, "FFFFF")]
    [InlineData(ErrorCode.TransactionAbortable, "AAAAA")]
    [InlineData(ErrorCode.ConcurrentTransactions, "RRRRR")]
    [InlineData(ErrorCode.CoordinatorLoadInProgress, "RRRRR")]
    [InlineData(ErrorCode.NotCoordinator, "RRRRR")]
    [InlineData(ErrorCode.CoordinatorNotAvailable, "RRRRR")]
    [InlineData(ErrorCode.NetworkException, "RRRRR")]
    [InlineData(ErrorCode.UnknownTopicOrPartition, "RRRRR")]
    [InlineData(ErrorCode.InvalidTxnState, "FFFAF")]
    [InlineData(ErrorCode.InvalidProducerIdMapping, "FFFFF")]
    [InlineData(ErrorCode.InvalidTransactionTimeout, "FFFAF")]
    [InlineData(ErrorCode.TransactionalIdAuthorizationFailed, "FFFFF")]
    [InlineData(ErrorCode.ClusterAuthorizationFailed, "FFFFF")]
    [InlineData(ErrorCode.UnsupportedVersion, "FFFFF")]
    [InlineData(ErrorCode.TopicAuthorizationFailed, "AAAAA")]
    [InlineData(ErrorCode.GroupAuthorizationFailed, "AAAAA")]
    [InlineData(ErrorCode.IllegalGeneration, "AAAAA")]
    [InlineData(ErrorCode.UnknownMemberId, "AAAAA")]
    [InlineData(ErrorCode.FencedInstanceId, "AAAAA")]
    [InlineData(ErrorCode.UnknownProducerId, "FAAAA")]
    [InlineData(ErrorCode.OutOfOrderSequenceNumber, "FFFAF")]
    [InlineData(ErrorCode.MessageTooLarge, "FFFAF")]
    [InlineData(ErrorCode.None, "DDDDD")]
    public void Each_error_means_to_each_request_what_it_means_to_Kafkas_producer(ErrorCode error, string verdicts) =>
        Assert.Equal(
            verdicts,
            string.Concat(Enum.GetValues<TransactionRequest>().Select(request => TransactionErrors.Verdict(request, error).ToString()[0]))
        );

    private static KafkaException Abortable { get; } = new(ErrorCode.TransactionAbortable, "it failed") { NeedsAbort = true };

    private static KafkaException Fatal { get; } = new(ErrorCode.ProducerFenced, "it failed") { IsFatal = true };

    private static TransactionState Opened(bool isV2)
    {
        TransactionState state = new("tx");
        state.BeginInit();
        state.Initialized(First, isV2);
        state.Begin();
        return state;
    }

    private static TransactionState In(TransactionStage stage)
    {
        TransactionState state = new("tx");
        if (stage == TransactionStage.Uninitialized)
        {
            return state;
        }

        state.BeginInit();
        if (stage == TransactionStage.Initializing)
        {
            return state;
        }

        state.Initialized(First, isV2: true);
        if (stage == TransactionStage.Ready)
        {
            return state;
        }

        state.Begin();
        switch (stage)
        {
            case TransactionStage.MustAbort:
                state.Failed(TransactionVerdict.Abort, Abortable);
                break;
            case TransactionStage.Committing:
                state.BeginCommit();
                break;
            case TransactionStage.Aborting:
                state.BeginAbort();
                break;
            case TransactionStage.Fatal:
                state.Failed(TransactionVerdict.Fatal, Fatal);
                break;
        }

        return state;
    }
}
