using RaftLog.Broker.Partitions;
using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Broker.Tests.Partitions;

/// <summary>What a partition takes of transactional producers (KIP-890).</summary>
public sealed class PartitionVerificationTests
{
    private static readonly ProducerId Id = new(7);
    private readonly PartitionVerifications _verifications = new();

    [Fact]
    public void Without_verification_the_first_batch_of_a_transaction_is_an_invalid_state() =>
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.Check(null, Stamp(0, 0), 0, null)?.Error);

    [Fact]
    public void What_was_verified_is_appended()
    {
        PartitionVerification verification = _verifications.Begin(null, Stamp(0, 0), startsAtZero: true)!;
        Assert.Null(_verifications.Check(null, Stamp(0, 0), 0, verification));
    }

    /// <summary>
    /// The abort of a timeout comes between verification and append: without the guard the batch would open a transaction that nobody ends.
    /// </summary>
    [Fact]
    public void What_was_verified_before_the_transaction_ended_counts_no_more()
    {
        PartitionVerification verification = _verifications.Begin(null, Stamp(0, 0), startsAtZero: true)!;
        _verifications.TransactionEnded(Id, new ProducerEpoch(0), transactionVersion: 0);
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.Check(null, Stamp(0, 0), 0, verification)?.Error);

        PartitionVerification next = _verifications.Begin(null, Stamp(0, 0), startsAtZero: true)!;
        Assert.Null(_verifications.Check(null, Stamp(0, 0), 0, next));
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.Check(null, Stamp(0, 0), 0, verification)?.Error);
    }

    /// <summary>The producer goes on when the decision is told, while the markers of its last transaction are still on their way.</summary>
    [Fact]
    public void A_V2_marker_ends_the_transaction_before_its_epoch_and_not_the_next_one()
    {
        PartitionVerification next = _verifications.Begin(null, Stamp(1, 0), startsAtZero: true)!;
        _verifications.TransactionEnded(Id, new ProducerEpoch(1), transactionVersion: 2);
        Assert.Null(_verifications.Check(null, Stamp(1, 0), 0, next));
        Assert.Null(_verifications.CheckBuilt(null, Stamp(1, 0)));
        _verifications.TransactionEnded(Id, new ProducerEpoch(2), transactionVersion: 2);
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.Check(null, Stamp(1, 0), 0, next)?.Error);
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.CheckBuilt(null, Stamp(1, 0))?.Error);
    }

    [Fact]
    public void What_was_verified_for_another_epoch_or_in_another_leadership_counts_not()
    {
        PartitionVerification verification = _verifications.Begin(null, Stamp(0, 0), startsAtZero: true)!;
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.Check(null, Stamp(1, 0), 0, verification)?.Error);
        PartitionVerification newer = _verifications.Begin(null, Stamp(1, 0), startsAtZero: true)!;
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.Check(null, Stamp(0, 0), 0, verification)?.Error);
        Assert.Null(_verifications.Check(null, Stamp(1, 0), 0, newer));
        _verifications.Clear();
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.Check(null, Stamp(1, 0), 0, newer)?.Error);
    }

    [Fact]
    public void An_unknown_producer_begins_at_sequence_0_under_V2_and_at_the_lowest_waiting_under_V1()
    {
        PartitionVerification v2 = _verifications.Begin(null, Stamp(0, 3), startsAtZero: true)!;
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _verifications.Check(null, Stamp(0, 3), 3, v2)?.Error);
        _verifications.End(v2);

        PartitionVerification first = _verifications.Begin(null, Stamp(0, 3), startsAtZero: false)!;
        PartitionVerification second = _verifications.Begin(null, Stamp(0, 5), startsAtZero: false)!;
        Assert.Same(first, second);
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, _verifications.Check(null, Stamp(0, 5), 5, second)?.Error);
        Assert.Null(_verifications.Check(null, Stamp(0, 3), 3, first));
    }

    [Fact]
    public void A_verification_lasts_until_its_last_user_ends_it()
    {
        PartitionVerification first = _verifications.Begin(null, Stamp(0, 0), startsAtZero: false)!;
        PartitionVerification second = _verifications.Begin(null, Stamp(0, 1), startsAtZero: false)!;
        _verifications.End(first);
        Assert.Null(_verifications.Check(null, Stamp(0, 0), 0, second));
        _verifications.End(second);
        Assert.Equal(ErrorCode.InvalidTxnState, _verifications.Check(null, Stamp(0, 0), 0, second)?.Error);
    }

    private static ProducerStamp Stamp(short epoch, int sequence) => new(Id, new ProducerEpoch(epoch), sequence);
}
