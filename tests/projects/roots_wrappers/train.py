import speed
from nets import Eager, Fifth, First, Fourth, Second, Third, eager, function
from speed import Accelerator, Runner, maybe


def main(x):  # NONE
    first = speed.compile(First())
    second = maybe(model=Second(), switch=True)
    third = Accelerator({"dynamic": False}).prepare(Third())
    fourth = Runner(Fourth())
    fourth.compile()
    fifth = Fifth()
    speed.in_place(fifth)
    fast = maybe(function, switch=True)
    slow = speed.unrelated(Eager())
    slower = speed.unrelated(eager)
    return [each(x) for each in (first, second, third, fourth, fifth, fast, slow, slower)]
