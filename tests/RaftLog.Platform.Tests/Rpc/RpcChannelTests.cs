using System.Buffers.Binary;
using RaftLog.Platform.Rpc;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Wire;

namespace RaftLog.Platform.Tests;

public class RpcChannelTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public void Every_call_of_a_pipeline_gets_its_own_answer() =>
        OneThread.Run(context =>
        {
            foreach (int maxReceive in new[] { 1, 7, int.MaxValue })
            {
                using RpcWorld world = new(context, maxReceive);
                world.Peer.Respond = Echo;
                using RpcChannel channel = world.Open();

                List<Task<RpcResult<FindCoordinatorResponse>>> calls = [];
                for (int i = 0; i < 100; i++)
                {
                    calls.Add(channel.CallAsync(Find($"group-{i}"), Second).AsTask());
                }

                world.Settle();

                for (int i = 0; i < 100; i++)
                {
                    FindCoordinatorResponse response = Respond(calls[i]);
                    Assert.Equal($"group-{i}", response.Coordinators[0].Key);
                }
            }
        });

    [Fact]
    public void A_handshake_that_is_given_up_ends_at_once() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            using CancellationTokenSource stop = new();
            world.Peer.Distort = static _ => [];
            Task<RpcConnectResult> connect = world.StartConnect(null, stop.Token).AsTask();
            world.Settle();
            Assert.False(connect.IsCompleted);

            stop.Cancel();
            world.Settle();

            Assert.True(connect.IsCompleted);
            Assert.Null(connect.GetAwaiter().GetResult().Channel);
        });

    [Fact]
    public void The_highest_common_version_is_spoken_or_none() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            world.Peer.Respond = Echo;
            world.Peer.Highest[Protocol.ApiKey.FindCoordinator] = 5;
            world.Peer.Highest[Protocol.ApiKey.DescribeTopicPartitions] = -1;
            using RpcChannel channel = world.Open();

            world.Finish(channel.CallAsync(Find("a"), Second));
            world.Finish(channel.CallAsync(Find("a"), Second, highestVersion: 4));
            RpcResult<DescribeTopicPartitionsResponse> unknown = world.Finish(
                channel.CallAsync(new DescribeTopicPartitionsRequest(), Second)
            );

            Assert.Equal([5, 4], world.Peer.Received.Skip(1).Select(r => (int)r.Header.ApiVersion));
            Assert.Equal(RpcOutcome.Unsupported, unknown.Outcome);
            Assert.Contains("DescribeTopicPartitions", unknown.Reason, StringComparison.Ordinal);
            Assert.True(channel.IsOpen);
        });

    [Fact]
    public void The_handshake_steps_down_to_the_version_that_the_peer_names() =>
        OneThread.Run(context =>
        {
            for (short highest = 0; highest <= 4; highest++)
            {
                using RpcWorld world = new(context);
                world.Peer.HighestApiVersions = highest;
                world.Open().Dispose();

                Assert.Equal(highest, Assert.Single(world.Peer.Received).Header.ApiVersion);
            }
        });

    [Fact]
    public void A_deadline_ends_its_call_and_no_other() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            using RpcChannel channel = world.Open();
            Task<RpcResult<FindCoordinatorResponse>> early = channel.CallAsync(Find("a"), Second).AsTask();
            Task<RpcResult<FindCoordinatorResponse>> late = channel.CallAsync(Find("b"), 10 * Second).AsTask();
            world.Settle();
            world.Advance(0.9 * Second);
            Assert.False(early.IsCompleted);

            world.Advance(0.2 * Second);

            Assert.Equal(RpcOutcome.TimedOut, Outcome(early));
            Assert.False(late.IsCompleted);
            Assert.False(channel.IsOpen);
            Assert.False(channel.HasEnded);
            Assert.Equal(RpcOutcome.Disconnected, world.Finish(channel.CallAsync(Find("c"), Second)).Outcome);

            world.Advance(10 * Second);

            Assert.Equal(RpcOutcome.TimedOut, Outcome(late));
            Assert.True(channel.HasEnded);
        });

    [Fact]
    public void Behind_a_deadline_the_responses_still_reach_their_calls() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            world.Peer.RespondLater = async (header, message) =>
            {
                await world.Waiters.Delay(((FindCoordinatorRequest)message).CoordinatorKeys.Contains("slow") ? 2 * Second : TimeSpan.Zero);
                return Echo(header, message);
            };
            using RpcChannel channel = world.Open();
            Task<RpcResult<FindCoordinatorResponse>> slow = channel.CallAsync(Find("slow"), Second).AsTask();
            Task<RpcResult<FindCoordinatorResponse>> behind = channel.CallAsync(Find("b"), 10 * Second).AsTask();
            world.Settle();

            world.Advance(1.5 * Second);
            Assert.Equal(RpcOutcome.TimedOut, Outcome(slow));
            world.Advance(1.5 * Second);

            Assert.Equal(RpcOutcome.Responded, Outcome(behind));
            Assert.Equal("b", Respond(behind).Coordinators[0].Key);
            Assert.True(channel.HasEnded);
        });

    [Fact]
    public void A_cancelled_call_ends_alone_and_its_response_is_dropped() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            world.Peer.RespondLater = async (header, message) =>
            {
                await world.Waiters.Delay(Second);
                return Echo(header, message);
            };
            using RpcChannel channel = world.Open();
            using CancellationTokenSource cancel = new();
            Task<RpcResult<FindCoordinatorResponse>> given = channel.CallAsync(Find("a"), 5 * Second, cancel: cancel.Token).AsTask();
            Task<RpcResult<FindCoordinatorResponse>> kept = channel.CallAsync(Find("b"), 5 * Second).AsTask();
            world.Settle();

            cancel.Cancel();
            world.Settle();

            Assert.Equal(RpcOutcome.Cancelled, Outcome(given));
            Assert.True(channel.IsOpen);
            for (int i = 0; i < 4; i++)
            {
                world.Advance(Second);
            }

            Assert.Equal("b", Respond(kept).Coordinators[0].Key);
        });

    [Fact]
    public void The_end_of_the_connection_ends_every_call() =>
        OneThread.Run(context =>
        {
            foreach (bool reset in new[] { false, true })
            {
                using RpcWorld world = new(context);
                using RpcChannel channel = world.Open();
                Task<RpcResult<FindCoordinatorResponse>> first = channel.CallAsync(Find("a"), Second).AsTask();
                Task<RpcResult<FindCoordinatorResponse>> second = channel.CallAsync(Find("b"), Second).AsTask();
                world.Settle();

                if (reset)
                {
                    world.Peer.ResetConnections();
                }
                else
                {
                    world.Peer.CloseConnections();
                }

                world.Settle();

                Assert.Equal(RpcOutcome.Disconnected, Outcome(first));
                Assert.Equal(RpcOutcome.Disconnected, Outcome(second));
            }
        });

    [Fact]
    public void Disposing_ends_every_call_and_the_peer_sees_the_end() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            RpcChannel channel = world.Open();
            Task<RpcResult<FindCoordinatorResponse>> call = channel.CallAsync(Find("a"), Second).AsTask();
            world.Settle();

            channel.Dispose();
            world.Settle();

            Assert.Equal(RpcOutcome.Disconnected, Outcome(call));
        });

    [Fact]
    public void A_response_out_of_turn_ends_the_channel() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            world.Peer.Respond = Echo;
            using RpcChannel channel = world.Open();
            world.Peer.Distort = frame =>
            {
                BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(4), 77);
                return frame;
            };

            RpcResult<FindCoordinatorResponse> result = world.Finish(channel.CallAsync(Find("a"), Second));

            Assert.Equal(RpcOutcome.Malformed, result.Outcome);
            Assert.False(channel.IsOpen);
        });

    [Fact]
    public void A_body_that_is_no_such_response_ends_the_channel() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            world.Peer.Respond = Echo;
            using RpcChannel channel = world.Open();
            world.Peer.Distort = frame =>
            {
                byte[] cut = frame[..12];
                BinaryPrimitives.WriteInt32BigEndian(cut, cut.Length - 4);
                return cut;
            };

            RpcResult<FindCoordinatorResponse> result = world.Finish(channel.CallAsync(Find("a"), Second));

            Assert.Equal(RpcOutcome.Malformed, result.Outcome);
            Assert.False(channel.IsOpen);
            Assert.Equal(0, world.Pool.LeasedBytes);
        });

    [Fact]
    public void A_hostile_length_is_rejected_before_memory_is_taken() =>
        OneThread.Run(context =>
        {
            foreach (int length in new[] { -1, 0, 1001, int.MaxValue })
            {
                using RpcWorld world = new(context);
                world.Peer.Respond = Echo;
                using RpcChannel channel = world.Open(new RpcOptions("test", MaxFrameBytes: 1000));
                world.Peer.Distort = frame =>
                {
                    BinaryPrimitives.WriteInt32BigEndian(frame, length);
                    return frame;
                };

                RpcResult<FindCoordinatorResponse> result = world.Finish(channel.CallAsync(Find("a"), Second));

                Assert.Equal(RpcOutcome.Malformed, result.Outcome);
                Assert.Equal(0, world.Pool.LeasedBytes);
            }
        });

    [Fact]
    public void At_the_bound_a_call_is_rejected_and_nothing_is_sent() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            using RpcChannel channel = world.Open(new RpcOptions("test", MaxInFlight: 2));
            _ = channel.CallAsync(Find("a"), Second).AsTask();
            _ = channel.CallAsync(Find("b"), Second).AsTask();

            RpcResult<FindCoordinatorResponse> third = world.Finish(channel.CallAsync(Find("c"), Second));

            Assert.Equal(RpcOutcome.Busy, third.Outcome);
            Assert.Equal(3, world.Peer.Received.Count);
            Assert.True(channel.IsOpen);
        });

    [Fact]
    public void A_leased_response_holds_its_frame_until_it_is_disposed() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            byte[] records = [1, 2, 3, 4];
            world.Peer.Respond = (_, _) => new FetchResponse { Responses = [new() { Partitions = [new() { Records = records }] }] };
            using RpcChannel channel = world.Open();

            RpcResult<FetchResponse> leased = world.Finish(channel.CallLeasedAsync(new FetchRequest(), Second));
            Assert.True(world.Pool.LeasedBytes > 0);
            Assert.Equal(records, leased.Response!.Responses[0].Partitions[0].Records!.Value.ToArray());
            leased.Dispose();
            Assert.Equal(0, world.Pool.LeasedBytes);

            RpcResult<FetchResponse> owned = world.Finish(channel.CallAsync(new FetchRequest(), Second));
            Assert.Equal(0, world.Pool.LeasedBytes);
            Assert.Equal(records, owned.Response!.Responses[0].Partitions[0].Records!.Value.ToArray());
        });

    [Fact]
    public void A_request_without_a_response_ends_when_it_is_sent() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            world.Peer.Respond = (header, message) => message is ProduceRequest ? null : Echo(header, message);
            using RpcChannel channel = world.Open();

            RpcResult<ProduceResponse> told = world.Finish(channel.TellAsync(new ProduceRequest { Acks = 0 }, Second));
            RpcResult<FindCoordinatorResponse> next = world.Finish(channel.CallAsync(Find("a"), Second));

            Assert.Equal(RpcOutcome.Responded, told.Outcome);
            Assert.Equal(RpcOutcome.Responded, next.Outcome);
            Assert.IsType<ProduceRequest>(world.Peer.Received[1].Message);
        });

    [Fact]
    public void A_value_that_the_version_cannot_carry_is_the_callers_mistake_and_harms_nothing() =>
        OneThread.Run(context =>
        {
            using RpcWorld world = new(context);
            world.Peer.Respond = Echo;
            using RpcChannel channel = world.Open();

            Assert.Throws<ProtocolException>(() => world.Finish(channel.CallAsync(Find(new string('x', 40_000)), Second)));

            Assert.Equal(RpcOutcome.Responded, world.Finish(channel.CallAsync(Find("a"), Second)).Outcome);
        });

    private static FindCoordinatorRequest Find(string key) => new() { Key = key, CoordinatorKeys = [key] };

    private static FindCoordinatorResponse Echo(RequestHeader header, IMessage message) =>
        new() { Coordinators = [new() { Key = ((FindCoordinatorRequest)message).CoordinatorKeys[0] }] };

    private static FindCoordinatorResponse Respond(Task<RpcResult<FindCoordinatorResponse>> call)
    {
        Assert.Equal(RpcOutcome.Responded, Outcome(call));
        return call.GetAwaiter().GetResult().Response!;
    }

    private static RpcOutcome Outcome(Task<RpcResult<FindCoordinatorResponse>> call)
    {
        Assert.True(call.IsCompleted, "the call has not ended");
        return call.GetAwaiter().GetResult().Outcome;
    }
}
