using FsCheck;
using FsCheck.Fluent;
using RaftLog.Protocol.Wire;

namespace RaftLog.Protocol.Tests.Messages;

public class RoundTripTests
{
    [Fact]
    public void Whatever_a_message_says_is_read_back_and_written_again_as_the_same_bytes()
    {
        Gen<(MessageType Type, short Version, int Seed)> cases =
            from type in Gen.Elements<MessageType>(MessageType.All)
            from version in Gen.Elements<short>(type.Versions)
            from seed in Gen.Choose(0, int.MaxValue)
            select (type, version, seed);

        Prop.ForAll(cases.ToArbitrary(), each => RoundTrips(each.Type, each.Version, each.Seed))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private static bool RoundTrips(MessageType type, short version, int seed)
    {
        WireWriter first = Write(type, version, seed);
        byte[] bytes = first.ToArray();
        IMessage read = type.New();
        WireReader reader = new(bytes);
        read.Read(ref reader, version);
        WireWriter second = new(initialCapacity: 1);
        read.Write(second, version);
        return reader.Remaining == 0 && first.Length == bytes.Length && bytes.AsSpan().SequenceEqual(second.ToArray());
    }

    private static WireWriter Write(MessageType type, short version, int seed)
    {
        WireWriter writer = new();
        try
        {
            ((IMessage)new RandomMessage(seed).Fill(type.New(), withNulls: true)).Write(writer, version);
        }
        catch (ProtocolException e) when (e.Message.Contains("cannot carry null"))
        {
            writer.Reset();
            ((IMessage)new RandomMessage(seed).Fill(type.New(), withNulls: false)).Write(writer, version);
        }

        return writer;
    }
}
