using System.Collections;
using System.Reflection;
using System.Text;

namespace RaftLog.Protocol.Tests.Messages;

/// <summary>Fills messages with random values, field by field, from one seed.</summary>
internal sealed class RandomMessage(int seed)
{
    private static readonly NullabilityInfoContext Nullability = new();

    private readonly Random _random = new(seed);

    /// <summary>Fills every field.</summary>
    /// <param name="target">A new message or structure.</param>
    /// <param name="withNulls">False where the version to write knows no null.</param>
    public object Fill(object target, bool withNulls)
    {
        foreach (
            PropertyInfo property in target.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite)
        )
        {
            bool setsNull = withNulls && _random.Next(4) == 0 && Nullability.Create(property).WriteState == NullabilityState.Nullable;
            property.SetValue(target, setsNull ? null : Value(property.PropertyType, withNulls));
        }

        return target;
    }

    private object Value(Type type, bool withNulls)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string))
        {
            return Text();
        }

        if (type == typeof(Memory<byte>))
        {
            byte[] bytes = new byte[_random.Next(8) == 0 ? _random.Next(5000) : _random.Next(40)];
            _random.NextBytes(bytes);
            return new Memory<byte>(bytes);
        }

        if (type == typeof(Uuid))
        {
            return new Uuid((ulong)Number(), (ulong)Number());
        }

        if (type.IsGenericType)
        {
            IList list = (IList)Activator.CreateInstance(type)!;
            for (int count = _random.Next(4); count > 0; count--)
            {
                list.Add(Value(type.GetGenericArguments()[0], withNulls));
            }

            return list;
        }

        if (type.IsEnum)
        {
            return Enum.ToObject(type, (short)Number());
        }

        return type.IsPrimitive ? Primitive(type)
            : type.IsValueType ? Activator.CreateInstance(type, Primitive(type.GetProperty("Value")!.PropertyType))!
            : Fill(Activator.CreateInstance(type)!, withNulls);
    }

    private object Primitive(Type type) =>
        Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => _random.Next(2) == 0,
            TypeCode.SByte => (sbyte)Number(),
            TypeCode.Int16 => (short)Number(),
            TypeCode.UInt16 => (ushort)Number(),
            TypeCode.Int32 => (int)Number(),
            TypeCode.UInt32 => (uint)Number(),
            TypeCode.Int64 => Number(),
            TypeCode.Double => _random.NextDouble() * Number(),
            _ => throw new NotSupportedException($"no random value of type {type}"),
        };

    /// <summary>A number of any size, often one of the edges.</summary>
    private long Number() =>
        _random.Next(6) switch
        {
            0 => -1,
            1 => 0,
            2 => long.MaxValue,
            3 => long.MinValue,
            4 => _random.Next(1000),
            _ => _random.NextInt64(long.MinValue, long.MaxValue),
        };

    private string Text()
    {
        StringBuilder text = new();
        for (int count = _random.Next(6) == 0 ? _random.Next(400) : _random.Next(12); count > 0; count--)
        {
            text.Append(_random.Next(8) == 0 ? "ñ漢😀\0"[.._random.Next(3)] : (char)_random.Next(32, 127));
        }

        return text.ToString();
    }
}
